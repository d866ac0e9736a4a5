package child

import (
	"fmt"
	"os"
	"syscall"
)

// LimitMemory bounds the address space of this process to what it has and bytes more. The Go runtime ends a process
// that runs into it.
func LimitMemory(bytes int64) error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return err
	}
	limit := pages*uint64(os.Getpagesize()) + uint64(bytes)
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit})
}
