package child

import (
	"errors"
	"os"
)

// Asker asks a process on its standard input, and is the reader of what it answers on its standard
// output. It is used by one goroutine.
type Asker struct {
	in, out  *os.File
	question []byte     // to be sent by the next Read; nil: there is none
	sending  chan error // of a question that is sent beside; nil: none is
	look     look
}

// ErrUnasked is the error of a Read that finds something to read before it has sent the question.
var ErrUnasked = errors.New("there is an answer before the question")

// NewAsker returns the Asker of a process that reads what is written to in, and writes what is read
// from out. It closes neither.
func NewAsker(in, out *os.File) (*Asker, error) {
	a := &Asker{in: in, out: out}
	return a, a.prepare()
}

// Ask has the next Read send a question, which must not be empty, and not change until Sent has
// returned.
func (a *Asker) Ask(question []byte) { a.question = question }

// Sent waits until the question has been sent, and reports whether it has. err is why it could not
// be.
func (a *Asker) Sent() (sent bool, err error) {
	if a.sending != nil {
		err = <-a.sending
		a.sending = nil
	}
	sent = a.question == nil
	a.question = nil
	return sent, err
}

// room is what an empty pipe takes without a reader.
const room = 32 << 10

// send sends the question. If that may have to wait for the process to read, which may itself wait
// until its answer is read, it happens beside.
func (a *Asker) send() error {
	question := a.question
	if len(question) <= room {
		_, err := a.in.Write(question)
		if err == nil {
			a.question = nil
		}
		return err
	}
	a.question = nil
	sending := make(chan error, 1)
	a.sending = sending
	go func() {
		_, err := a.in.Write(question)
		sending <- err
	}()
	return nil
}
