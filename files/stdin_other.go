//go:build !linux

package files

import "os"

// reopenStdin returns nil: only Linux opens a pipe once more.
func reopenStdin() *os.File { return nil }
