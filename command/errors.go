package command

import (
	"fmt"
	"strings"
	"sync"
)

// ExitError is the end of a process that should not have ended, or not so. It is the error of the
// value that the process had.
type ExitError struct {
	Argv   []string
	PID    int
	State  string // "exit status 3", "signal: killed"
	Stderr string // the last 4 KiB of what it wrote to its standard error
}

// Error gives the program, the state and the last lines of standard error.
func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s (process %d) ended: %s", shown(e.Argv), e.PID, e.State)
	if last := strings.TrimSpace(e.Stderr); last != "" {
		text += "\n" + last
	}
	return text
}

// shown is a command as a message shows it: its beginning.
func shown(argv []string) string {
	text := strings.Join(argv, " ")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// tail is a writer that keeps the last 4 KiB. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const mostTail = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text = append(t.text, p...); len(t.text) > 2*mostTail {
		t.text = append(t.text[:0], t.text[len(t.text)-mostTail:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text[max(0, len(t.text)-mostTail):])
}
