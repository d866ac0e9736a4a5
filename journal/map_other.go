//go:build !linux

package journal

import (
	"errors"
	"os"
)

// mapFile fails: only on Linux a sync of a file is known to reach what was stored in memory.
func mapFile(*os.File, int64, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
