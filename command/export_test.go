package command

import "time"

// SetGrace shortens the time that processes get to end, and returns what takes that back.
func SetGrace(d time.Duration) (restore func()) {
	before := grace
	grace = d
	return func() { grace = before }
}

// SetQuiet changes how long a process is watched after its first answer, and returns what takes that
// back.
func SetQuiet(d time.Duration) (restore func()) {
	before := quiet
	quiet = d
	return func() { quiet = before }
}

// LinesOf is a protocol of lines, as request and answer have them.
func LinesOf[A, B any](request func(A) string, answer func(string) (B, error)) Protocol[A, B] {
	p := Lines()
	return Protocol[A, B]{
		request: func(to []byte, in A) ([]byte, error) { return p.request(to, request(in)) },
		receive: p.receive,
		answer:  func(text []byte) (B, error) { return answer(string(text)) },
	}
}

// The readers of answers, for fuzzing.
var (
	ReceiveLine  = receiveLine
	ReceiveFrame = receiveFrame
)
