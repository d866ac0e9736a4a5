package wire_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/wire"
)

// block is a value that tells which one it is, and whether it is whole.
func block(i int) []byte {
	size := rand.New(rand.NewPCG(uint64(i), 1)).IntN(150_000)
	return bytes.Repeat([]byte{byte(i), byte(i >> 8), byte(size)}, size/3)
}

func appendBlocks(t *testing.T, w *wire.Writer, blocks ...[]byte) {
	require.NoError(t, w.Append(byte(len(blocks)), func(buf []byte) ([]byte, error) {
		buf, _, err := wire.Encode(w, &wire.Raw[[]byte]{}, buf, blocks)
		return buf, err
	}))
}

// The arena has room for few of the values, so that they meet its end again and again, and often go
// through the stream.
func TestValuesThroughAnArenaArriveWholeAndInOrder(t *testing.T) {
	const n = 1000
	shared := make([]byte, 500_000)
	in, out := io.Pipe()
	go func() {
		w := wire.NewWriter(out, wire.MaxFrame)
		w.Share(wire.NewArena(shared))
		for i := 0; i < n; {
			var batch [][]byte
			for range min(1+i%3, n-i) {
				batch = append(batch, block(i))
				i++
			}
			appendBlocks(t, w, batch...)
			if i%5 == 0 {
				_ = w.Flush()
			}
		}
		out.CloseWithError(w.Flush())
	}()
	r, raw := wire.NewReader(in, wire.MaxFrame), &wire.Raw[[]byte]{}
	r.Share(wire.NewArena(shared))
	var got [][]byte // all kept to the end: each must have memory of its own
	for {
		count, payload, err := r.Next()
		if err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
		batch, err := wire.Decode(r, raw, payload, int(count))
		require.NoError(t, err)
		got = append(got, batch...)
	}
	require.Len(t, got, n)
	for i, b := range got {
		require.True(t, bytes.Equal(block(i), b), "value %d", i)
	}
}

func TestAnArenaSparesTheStreamAndIsUsedAgain(t *testing.T) {
	shared := make([]byte, 300_000)
	var stream bytes.Buffer
	w, r := wire.NewWriter(&stream, wire.MaxFrame), wire.NewReader(&stream, wire.MaxFrame)
	w.Share(wire.NewArena(shared))
	r.Share(wire.NewArena(shared))
	value := bytes.Repeat([]byte("x"), 100_000)
	for range 10 {
		appendBlocks(t, w, value, value)
		require.Greater(t, w.Buffered(), 200_000, "what waits in the arena counts as buffered")
		require.NoError(t, w.Flush())
		require.Zero(t, w.Buffered())
		require.Less(t, stream.Len(), 100)
		_, payload, err := r.Next()
		require.NoError(t, err)
		got, err := wire.Decode(r, &wire.Raw[[]byte]{}, payload, 2)
		require.NoError(t, err)
		require.Equal(t, [][]byte{value, value}, got)
	}
	// Nobody reads: what has no room goes through the stream, and nothing waits.
	for range 3 {
		appendBlocks(t, w, value, value)
	}
	require.NoError(t, w.Flush())
	require.Greater(t, stream.Len(), 400_000)
}

// A sender that was hit by a stray write may name any place.
func TestPlacesOutsideTheArenaAreErrors(t *testing.T) {
	shared := make([]byte, 100_000)
	for _, payload := range [][]byte{
		{1}, {1, 5}, {1, 0x80, 1}, {1, 0, 0xff, 0xff, 0xff, 0x7f}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0x7f},
	} {
		var stream bytes.Buffer
		w, r := wire.NewWriter(&stream, wire.MaxFrame), wire.NewReader(&stream, wire.MaxFrame)
		require.NoError(t, w.Append(0, func(buf []byte) ([]byte, error) { return append(buf, payload...), nil }))
		require.NoError(t, w.Flush())
		r.Share(wire.NewArena(shared))
		_, data, err := r.Next()
		require.NoError(t, err)
		_, err = wire.Decode(r, &wire.Raw[string]{}, data, 1)
		require.Error(t, err)
	}
}

func TestLittleMemoryIsNoArena(t *testing.T) {
	require.Nil(t, wire.NewArena(nil))
	require.Nil(t, wire.NewArena(make([]byte, 4096)))
}
