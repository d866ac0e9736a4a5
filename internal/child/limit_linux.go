package child

import (
	"fmt"
	"math/bits"
	"os"
	"syscall"
)

// reserved is what the Go runtime reserves of the address space at a time: its heap's arenas.
const reserved int64 = 4<<20 + (64<<20-4<<20)*(bits.UintSize/64)

// LimitMemory bounds the address space of this process to what it has and bytes more, rounded up to
// what the Go runtime reserves at a time. The runtime ends a process that runs into it.
func LimitMemory(bytes int64) error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return err
	}
	steps := (bytes-1)/reserved + 1
	limit := pages*uint64(os.Getpagesize()) + uint64(steps)*uint64(reserved+reserved/16) // with what it notes of each
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit})
}
