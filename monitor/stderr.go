package monitor

import (
	"io"
	"os"

	"github.com/gopeln/pl/monitor/internal/terminal"
)

// Stderr returns a writer for a program's own messages on [os.Stderr], such as those of package
// log, that does not get into the way of [Progress]: what is written to it goes above the lines
// that are drawn again and again. A line that has not ended yet stands between them until it has.
// As long as nothing is shown there, the writer is os.Stderr.
//
//	log.SetOutput(monitor.Stderr())
//
// It may be used by several goroutines at once, each Write being written as a whole.
func Stderr() io.Writer { return programStderr{} }

type programStderr struct{}

func (programStderr) Write(p []byte) (int, error) {
	if c := terminal.Terminal(os.Stderr); c != nil {
		return c.Insert(p)
	}
	return os.Stderr.Write(p)
}
