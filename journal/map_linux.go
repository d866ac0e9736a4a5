package journal

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// mapFile maps size bytes of a file from a place on, and makes the file longer as far as it takes,
// on the disk, too: a store for which there is no room would end the program.
func mapFile(f *os.File, from int64, size int) ([]byte, error) {
	err := syscall.Fallocate(int(f.Fd()), 0, from, int64(size))
	for errors.Is(err, syscall.EINTR) {
		err = syscall.Fallocate(int(f.Fd()), 0, from, int64(size))
	}
	if err != nil {
		return nil, err
	}
	return syscall.Mmap(int(f.Fd()), from, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

func unmapFile(mapped []byte) error {
	if err := syscall.Munmap(mapped); err != nil {
		return fmt.Errorf("unmap the file: %w", err)
	}
	return nil
}
