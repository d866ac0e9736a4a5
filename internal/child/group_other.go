//go:build !linux

package child

import (
	"os"
	"os/exec"
)

// canAwaitEnd: only Wait tells that a process has ended, and frees its number with that.
const canAwaitEnd = false

func awaitEnd(*exec.Cmd) {}

// Unread is -1: the system does not tell how much there is in a pipe.
func Unread(*os.File) int { return -1 }
