package cluster

import (
	"fmt"
	"math/bits"
	"runtime/debug"
	"sync"
	"unsafe"

	"github.com/gopeln/pl/internal/child"
)

// build tells programs apart whose functions may differ though they have the same names: by revision, or where that is
// not known, by the program's file.
var build = sync.OnceValue(func() string {
	revision, modified := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				modified = s.Value
			}
		}
	}
	if revision != "" && modified == "false" {
		return revision
	}
	return child.Build()
})

// memory is how the machine lays out values: some travel as they stand in memory.
func memory() string {
	order := "little-endian"
	if bigEndian() {
		order = "big-endian"
	}
	return fmt.Sprintf("%d bits, %s", bits.UintSize, order)
}
func bigEndian() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 0
}
