package journal

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errorSharingViolation is the error of a file that another process keeps for itself.
const errorSharingViolation syscall.Errno = 32

// openLocked opens the file for reading and appending. Others cannot open it for writing until it
// is closed.
func openLocked(name string) (*os.File, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	const access = syscall.GENERIC_READ | syscall.GENERIC_WRITE
	h, err := syscall.CreateFile(path, access, syscall.FILE_SHARE_READ, nil, syscall.OPEN_ALWAYS,
		syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, errorSharingViolation):
		return nil, fmt.Errorf("%s is in use: another process has it open, or this one already", name)
	case err != nil:
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}
