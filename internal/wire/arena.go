package wire

import (
	"sync/atomic"
	"unsafe"
)

// Arena is memory that the two ends of one direction share. Long values that travel as they are go
// through it, and the stream only says where they are: that spares the copies that the stream
// makes, and the memory for those.
//
// It is a ring: the sender copies values into it, the receiver copies them out, in the same order.
// Nobody ever waits for room in it: where there is none, the value goes through the stream.
type Arena struct {
	data  []byte
	freed *atomic.Uint64 // shared: what is before it has been copied out
	used  uint64         // the sender's: values were put up to here
	start uint64         // the sender's: what is before it is free, also what no value was in
}

const (
	// arenaValue is the size from which a value goes through the arena. Shorter ones are faster in
	// the stream, together.
	arenaValue  = 4 << 10
	arenaHeader = 64 // of the memory, for freed
)

// NewArena returns one end of the arena in memory that is shared with the other end, zero at first,
// and aligned to 8 bytes. It is nil, which means that there is none, where the memory is too small.
func NewArena(shared []byte) *Arena {
	if len(shared) < arenaHeader+arenaValue {
		return nil
	}
	freed := (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(shared)))
	return &Arena{data: shared[arenaHeader:], freed: freed}
}

// put copies v into the arena, and reports where, if it may go there and there is room.
func (a *Arena) put(v []byte) (at uint64, ok bool) {
	if !a.hasRoom(v) {
		return 0, false
	}
	at = a.place(len(v))
	copy(a.data[at%uint64(len(a.data)):], v)
	a.used = at + uint64(len(v))
	return at, true
}

// hasRoom reports whether put would put v.
func (a *Arena) hasRoom(v []byte) bool {
	if a == nil || len(v) < arenaValue {
		return false
	}
	size := uint64(len(a.data))
	if a.freed.Load() >= a.used { // all is free: the start of the memory is most likely in the cache
		a.used += size - a.used%size
		a.start = a.used
	}
	return a.place(len(v))+uint64(len(v))-max(a.freed.Load(), a.start) <= size
}

// place is where a value of n bytes goes: behind the last one, but in one piece.
func (a *Arena) place(n int) uint64 {
	if toEnd := uint64(len(a.data)) - a.used%uint64(len(a.data)); uint64(n) > toEnd {
		return a.used + toEnd
	}
	return a.used
}

// at is the value of n bytes that the sender has put at a place. It must be copied before it is
// freed.
func (a *Arena) at(at, n uint64) (v []byte, ok bool) {
	if a == nil {
		return nil, false
	}
	size := uint64(len(a.data))
	from := at % size
	if n > size-from {
		return nil, false
	}
	return a.data[from : from+n], true
}

// free gives the sender the room back that the value of n bytes at a place, and those before it,
// have taken.
func (a *Arena) free(at, n uint64) { a.freed.Store(at + n) }
