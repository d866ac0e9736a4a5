package process

import (
	"runtime"
	"runtime/debug"
)

const (
	// heapFloor is the size to which a worker's heap grows before it is collected. With the
	// runtime's own a worker that streams values would collect a hundred times a second.
	heapFloor    = 32 << 20
	runtimeFloor = 4 << 20 // at GOGC=100, in proportion else
)

// ballast is never touched, so it takes no memory, but it counts for the collector's pace.
var ballast []byte //nolint:unused // held, not read

// raiseHeapFloor lets the heap grow to heapFloor before each collection. The first one would come
// with the ballast, and take longer than all else that a worker does before its first value; so the
// ballast comes after it. Where memory is limited it comes at once: later there might be no room.
func raiseHeapFloor(limited bool) {
	take := func() { ballast = make([]byte, heapFloor/2) }
	if limited {
		take()
		return
	}
	const atFloor = 100 * heapFloor / runtimeFloor
	percent := debug.SetGCPercent(atFloor)
	if percent < 0 { // the user wants no collections
		debug.SetGCPercent(percent)
		return
	}
	runtime.AddCleanup(new(*byte), func(percent int) {
		take()
		if now := debug.SetGCPercent(percent); now != atFloor {
			debug.SetGCPercent(now) // the user has set it meanwhile
		}
	}, percent)
}
