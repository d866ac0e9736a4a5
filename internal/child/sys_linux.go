package child

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// SharedSize is the size of the memory that parent and child share; it takes memory as far as it is
// used. Behind it, in the same file, the child's runtime writes its last words.
const SharedSize = 4096 + 4<<20

// executable is the running binary even where its file was replaced or removed.
func executable() (string, error) { return "/proc/self/exe", nil }

// attributes lets the kernel end the child with the thread that starts it, in case the child can no
// longer look at its lifeline.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// widen enlarges a pipe. It may be refused to a user who has many; then the pipe works as it is.
func widen(pipe *os.File) {
	const size = 256 << 10
	if conn, err := pipe.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETPIPE_SZ, size)
		})
	}
}

// memfdCreate is the number of memfd_create, which package syscall lacks. Later architectures share
// one table.
var memfdCreate = map[string]uintptr{"amd64": 319, "386": 356, "arm": 385, "ppc64": 360, "ppc64le": 360, "s390x": 350}

func sharedMemory(size int) (*os.File, []byte, error) {
	number, ok := memfdCreate[runtime.GOARCH]
	if !ok {
		number = 279
	}
	const closeOnExec = 1
	name := [...]byte{'g', 'o', 'p', 'e', 'l', 'n', 0}
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name)), closeOnExec, 0)
	if errno != 0 {
		return nil, nil, fmt.Errorf("memfd_create: %w", errno)
	}
	f := os.NewFile(fd, "memory")
	if err := f.Truncate(int64(size)); err != nil {
		f.Close()
		return nil, nil, err
	}
	mem, err := mapShared(f, size)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, mem, nil
}
