//go:build unix

package child

import (
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
