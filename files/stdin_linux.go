package files

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// reopenStdin opens the pipe or terminal that standard input is, in a mode in which a Read can be
// interrupted. To change the mode of standard input itself would change it for other processes too.
// It returns nil if there is no need: a Read of a file does not wait.
func reopenStdin() *os.File {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) == 0 {
		return nil
	}
	f, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", os.Stdin.Fd()), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	return f
}
