package crossing

import (
	"flag"
	"io"
	"os"
	"testing"
)

// ParseFlags parses the flags of package flag in a worker, as the program would. What it does not
// know, the program may yet have defined after the call that made this process a worker, so that is
// no error.
func ParseFlags() {
	if len(os.Args) == 0 || flag.Parsed() && !testing.Testing() {
		return
	}
	flag.CommandLine.Init(os.Args[0], flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard)
	_ = flag.CommandLine.Parse(os.Args[1:])
}
