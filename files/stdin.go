package files

import (
	"errors"
	"io"
	"os"
	"time"
)

// openStdin opens standard input for one run, so that closing what it returns leaves it open.
func openStdin() (io.ReadCloser, error) {
	if os.Stdin == nil {
		return nil, errors.New("standard input: os.Stdin is nil")
	}
	if os.Stdin.SetReadDeadline(time.Time{}) != nil { // no Read of it can be interrupted
		if own := reopenStdin(); own != nil {
			return stdinOfOwn{own}, nil
		}
	}
	return stdin{}, nil
}

const stdinName = "standard input"

// stdin reads os.Stdin.
type stdin struct{}

func (stdin) Name() string               { return stdinName }
func (stdin) Read(p []byte) (int, error) { return os.Stdin.Read(p) }

// interrupt ends the Read under way, if the system can.
func (stdin) interrupt() { _ = os.Stdin.SetReadDeadline(time.Unix(1, 0)) }

// Close takes the interruption back.
func (stdin) Close() error {
	_ = os.Stdin.SetReadDeadline(time.Time{})
	return nil
}

// stdinOfOwn is what standard input reads from, opened once more.
type stdinOfOwn struct{ *os.File }

func (stdinOfOwn) Name() string { return stdinName }
