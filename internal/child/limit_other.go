//go:build !linux

package child

// LimitMemory does nothing: these systems do not enforce such a limit.
func LimitMemory(int64) error { return nil }
