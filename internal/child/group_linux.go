package child

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// canAwaitEnd: awaitEnd leaves the process to be waited for, so that its number stays its own.
const canAwaitEnd = true

// awaitEnd waits until the process has ended.
func awaitEnd(cmd *exec.Cmd) {
	const (
		byPID  = 1
		exited = 0x4
		noWait = 0x01000000
	)
	var info [128]byte
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(cmd.Process.Pid),
			uintptr(unsafe.Pointer(&info)), exited|noWait, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}

func dieWithParent(sys *syscall.SysProcAttr) { sys.Pdeathsig = syscall.SIGKILL }

// Unread is how many bytes there are in a pipe, asked at either end; -1: the system does not tell.
func Unread(pipe *os.File) int {
	const fionread = 0x541b
	conn, err := pipe.SyscallConn()
	if err != nil {
		return -1
	}
	n := int32(-1)
	_ = conn.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, fionread, uintptr(unsafe.Pointer(&n)))
	})
	return int(n)
}
