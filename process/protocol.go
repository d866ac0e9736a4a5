package process

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/gopeln/pl/internal/crossing"
)

// The kinds of frames. A worker gets a hello, then values until the pipe ends; it answers with
// welcome, opened, results and farewell.
const (
	frameHello byte = iota
	frameValues
	frameWelcome
	frameOpened
	frameResults
	frameFarewell
)

// hello is what a worker is told first.
type hello struct {
	Key, In, Out, Build string
	Stage               string
	Index               int
	Codec               [2]string
	Deadline            time.Time     // of the run; zero: none
	Timeout             time.Duration // of a value; 0: none
	Pauses              bool          // the function may wait in yield, which Timeout does not count
	Holds               bool          // the stage has Retry, or its Failures are consumed: a worker waits for the verdict on a value that failed
	Prompt              bool          // each result is written before the next value begins, so that a crash costs one value
	MemoryLimit         int64
	Observed            bool   // calls of the function are to be measured
	Setups              []call // to be called before OnStart, in this order
}

// report is the worker's answer to a step of its life: nothing, or what went wrong.
type report struct {
	Refused string            `json:",omitempty"` // of welcome: why the worker cannot run the function
	Failure *crossing.Failure `json:",omitempty"` // of opened and farewell: the error of OnStart and OnEnd
}

func jsonPayload(v any) func([]byte) ([]byte, error) {
	return func(buf []byte) ([]byte, error) {
		text, err := json.Marshal(v)
		return append(buf, text...), err
	}
}

// What became of a value, as a results frame says it.
type fate byte

const (
	fateDone    fate = iota
	fateOpen         // more is to come
	fateFailed       // its error follows
	fateHeld         // it failed, and the worker waits for the verdict
	fateSkipped      // it was taken back before it began
	fates
)

// mark says what became of a value, and how many results it has in the frame.
type mark struct {
	fate    fate
	results int
	failure *crossing.Failure // of fateFailed and fateHeld
}

// resultsHeader precedes the encoded results of a frame: the values from First on, one mark each,
// with all their results in a row. An open value is named again in the next frame.
type resultsHeader struct {
	first  uint64
	waits  bool          // the worker waits until there was room for these results
	worked time.Duration // what the worker took for these values
	marks  []mark
	calls  []measuredCall // that have ended since the frame before
}

// measuredCall is how long a call of the function took, without its waits in yield.
type measuredCall struct {
	value int // its index among the frame's marks
	took  time.Duration
	calls int // that it stands for
}

// callsOf splits calls after those of that mark, which come first, as those of a frame of its own.
func callsOf(mark int, calls []measuredCall) (of, rest []measuredCall) {
	n := 0
	for ; n < len(calls) && calls[n].value == mark; n++ {
		calls[n].value = 0
	}
	return calls[:n], calls[n:]
}

var errProtocol = errors.New("the worker does not keep to the protocol")

func (h *resultsHeader) appendTo(buf []byte) ([]byte, error) {
	buf = binary.AppendUvarint(buf, h.first)
	buf = binary.AppendUvarint(buf, uint64(h.worked))
	waits := byte(0)
	if h.waits {
		waits = 1
	}
	buf = append(buf, waits)
	buf = binary.AppendUvarint(buf, uint64(len(h.marks)))
	for _, m := range h.marks {
		buf = binary.AppendUvarint(buf, uint64(m.results)*uint64(fates)+uint64(m.fate))
		if m.failure != nil {
			text, err := json.Marshal(m.failure)
			if err != nil {
				return nil, err
			}
			buf = binary.AppendUvarint(buf, uint64(len(text)))
			buf = append(buf, text...)
		}
	}
	buf = binary.AppendUvarint(buf, uint64(len(h.calls)))
	for _, c := range h.calls {
		buf = binary.AppendUvarint(buf, uint64(c.value))
		buf = binary.AppendUvarint(buf, uint64(c.took))
		buf = binary.AppendUvarint(buf, uint64(c.calls))
	}
	return buf, nil
}

// parse reads the header from a payload and returns the rest of it. It reuses h's memory.
func (h *resultsHeader) parse(data []byte) (rest []byte, results int, err error) {
	number := func() uint64 {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			err, width = errProtocol, 0
		}
		data = data[width:]
		return n
	}
	bytes := func(n uint64) []byte {
		if n > uint64(len(data)) {
			err, n = errProtocol, 0
		}
		taken := data[:n]
		data = data[n:]
		return taken
	}
	h.marks, h.calls = h.marks[:0], h.calls[:0]
	h.first = number()
	h.worked = time.Duration(number())
	waits := bytes(1)
	h.waits = len(waits) == 1 && waits[0] == 1
	for n := number(); n > 0 && err == nil; n-- {
		code := number()
		m := mark{fate: fate(code % uint64(fates)), results: int(code / uint64(fates))}
		if m.fate == fateFailed || m.fate == fateHeld {
			m.failure = &crossing.Failure{}
			if jsonErr := json.Unmarshal(bytes(number()), m.failure); jsonErr != nil && err == nil {
				err = errProtocol
			}
		}
		h.marks = append(h.marks, m)
		results += m.results
	}
	for n := number(); n > 0 && err == nil; n-- {
		c := measuredCall{value: int(number()), took: time.Duration(number()), calls: int(number())}
		if c.value < 0 || c.value >= len(h.marks) {
			err = errProtocol
		}
		h.calls = append(h.calls, c)
	}
	return data, results, err
}
