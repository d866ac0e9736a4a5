package child

import (
	"errors"
	"os"
	"syscall"
)

var errWindows = errors.New("subprocesses as workers are not implemented for Windows")

// SharedSize is the size of the memory that parent and child would share.
const SharedSize = 4096

func executable() (string, error) { return os.Executable() }

func attributes() *syscall.SysProcAttr { return nil }

func widen(*os.File) {}

func sharedMemory(int) (*os.File, []byte, error) { return nil, nil, errWindows }

func unmap([]byte) {}

func keepFromChildren() {}

func inherited(int, string) (*os.File, error) { return nil, errWindows }

func inheritedMemory(int, int) (*os.File, []byte, error) { return nil, nil, errWindows }
