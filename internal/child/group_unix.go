//go:build unix

package child

import (
	"os"
	"os/exec"
	"syscall"
)

// lead makes cmd the leader of a group.
func lead(cmd *exec.Cmd) {
	var sys syscall.SysProcAttr
	if cmd.SysProcAttr != nil {
		sys = *cmd.SysProcAttr // it may be shared
	}
	sys.Setpgid = true
	dieWithParent(&sys)
	cmd.SysProcAttr = &sys
}

func kill(cmd *exec.Cmd)      { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// Pending reports whether something can be read from a pipe, of which it takes a byte then. It does
// not wait.
func Pending(pipe *os.File) bool {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return false
	}
	var b [1]byte
	n := 0
	_ = conn.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), b[:])
		return true
	})
	return n > 0
}
