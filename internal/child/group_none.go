//go:build !unix

package child

import (
	"os"
	"os/exec"
)

func lead(*exec.Cmd) {}

func kill(cmd *exec.Cmd)      { cmd.Process.Kill() }
func terminate(cmd *exec.Cmd) { cmd.Process.Kill() }

// Pending is false: the system does not tell without waiting.
func Pending(*os.File) bool { return false }
