//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package journal

import "os"

// openLocked opens the file for reading and appending. These systems have no lock that ends with
// its process, so that it goes unnoticed if a journal is opened twice.
func openLocked(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
}
