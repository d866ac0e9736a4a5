package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/wire"
)

// FuzzReader feeds arbitrary bytes to the frame reader and every decoder: they must end with an
// error or with values, whatever they get, and what they accept must survive another round.
func FuzzReader(f *testing.F) {
	add := func(kind byte, fill func([]byte) ([]byte, error)) {
		var pipe bytes.Buffer
		w := wire.NewWriter(&pipe, 1<<16)
		require.NoError(f, w.Append(kind, fill))
		require.NoError(f, w.Flush())
		f.Add(pipe.Bytes())
	}
	add(0, func(b []byte) ([]byte, error) { return (&wire.Raw[string]{}).Append(b, []string{"a", ""}) })
	add(1, func(b []byte) ([]byte, error) { return (&wire.GobEncoder[int]{}).Append(b, []int{1, 2}) })
	add(2, func(b []byte) ([]byte, error) {
		return (&wire.GobEncoder[record]{}).Append(b, []record{{"a", []string{"b"}, 1}, {}})
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := wire.NewReader(bytes.NewReader(data), 1<<16)
		r.Share(wire.NewArena(make([]byte, 1<<16)))
		ints, records := &wire.GobDecoder[int]{}, &wire.GobDecoder[record]{}
		for {
			kind, payload, err := r.Next()
			if err != nil {
				return
			}
			n := int(kind>>2) + 1
			switch kind % 3 {
			case 0:
				raw := &wire.Raw[[]byte]{}
				if got, err := wire.Decode(r, raw, payload, n); err == nil {
					through(t, raw, &wire.Raw[[]byte]{}, got...)
				}
			case 1:
				if got, err := ints.Decode(payload, n); err == nil {
					through(t, &wire.GobEncoder[int]{}, &wire.GobDecoder[int]{}, got...)
				}
			case 2:
				records.Decode(payload, n)
			}
		}
	})
}
