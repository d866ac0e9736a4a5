//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package terminal

import (
	"os"
	"syscall"
)

// windowOf knows no terminals here: views are lines of text.
func windowOf(uintptr) (w window, ok bool) { return w, false }

func enableEscapes(syscall.RawConn) bool { return false }

func writeFile(f *os.File, p []byte) (int, error) { return f.Write(p) }

// IsBrokenPipe reports whether a write has failed because nobody reads any more.
func IsBrokenPipe(error) bool { return false }
