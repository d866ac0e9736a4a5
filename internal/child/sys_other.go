//go:build !unix

package child

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

var errUnsupported = fmt.Errorf("subprocesses as workers are not implemented for %s", runtime.GOOS)

// Unsupported is why there can be no children on this system.
func Unsupported() error { return errUnsupported }

// SharedSize is the size of the memory that parent and child would share.
const SharedSize = 4096

func executable() (string, error) { return os.Executable() }

func attributes() *syscall.SysProcAttr { return nil }

func widen(*os.File) {}

func sharedMemory(int) (*os.File, []byte, error) { return nil, nil, errUnsupported }

func unmap([]byte) {}

func keepFromChildren() {}

func inherited(int, string) (*os.File, error) { return nil, errUnsupported }

func inheritedMemory(int, int) (*os.File, []byte, error) { return nil, nil, errUnsupported }

// LeaveSignals does nothing: there are no children that could hear any.
func LeaveSignals() {}

// IsGone reports false: there is nothing to write to.
func IsGone(error) bool { return false }
