//go:build !unix

package child

import "os/exec"

func lead(*exec.Cmd) {}

func kill(cmd *exec.Cmd)      { cmd.Process.Kill() }
func terminate(cmd *exec.Cmd) { cmd.Process.Kill() }
