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
	u.fill(n)
	if u.lost > 0 {
		got = min(n, u.lost)
		u.lost -= got
		return nil, got, u.why
	}
	results = u.cut(n)
	return results, len(results), nil
}

// ready returns up to n results, none where the next could not be decoded.
func (u *unpacker[R]) ready(n int) []R {
	u.fill(n)
	return u.cut(n)
}

func (u *unpacker[R]) cut(n int) (results []R) {
	n = min(n, len(u.values))
	results, u.values = u.values[:n], u.values[n:]
	return results
}

// fill decodes the next chunk, if the last one is used up. n results are still to come.
func (u *unpacker[R]) fill(n int) {
	if len(u.values) > 0 || u.lost > 0 {
		return
	}
	size, data := u.chunk()
	size = max(size, 1)
	var err error
	u.decoded, err = u.dec.Decode(data, size)
	u.values = u.decoded
	if u.err != nil { // nothing more can be cut off
		err, size = u.err, max(size, n)
	}
	if err != nil {
		u.values, u.lost, u.why = nil, size, crossing.Explained("cannot decode the result", err)
	}
}
