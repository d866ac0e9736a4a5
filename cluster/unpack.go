package cluster

import (
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// unpacker takes results out of a frame.
type unpacker[R any] struct {
	cutter
	dec     wire.Decoder[R]
	decoded []R   // the results of a chunk
	values  []R   // of them, those that next has not returned
	lost    int   // results of a chunk that could not be decoded
	why     error // why
}

// next returns up to n results, and how many they are, also if they could not be decoded.
func (u *unpacker[R]) next(n int) (results []R, got int, err error) {
	if len(u.values) == 0 && u.lost == 0 {
		size, data := u.chunk()
		size = max(size, 1)
		u.decoded, err = u.dec.Decode(data, size)
		u.values = u.decoded
		if u.err != nil { // nothing more can be cut off
			err, size = u.err, max(size, n)
		}
		if err != nil {
			u.values, u.lost, u.why = nil, size, crossing.Explained("cannot decode the result", err)
		}
	}
	if u.lost > 0 {
		got = min(n, u.lost)
		u.lost -= got
		return nil, got, u.why
	}
	got = min(n, len(u.values))
	results = u.values[:got]
	u.values = u.values[got:]
	return results, got, nil
}
