//go:build unix && !linux

package child

import "syscall"

// dieWithParent does nothing: there is no way that all these systems share.
func dieWithParent(*syscall.SysProcAttr) {}
