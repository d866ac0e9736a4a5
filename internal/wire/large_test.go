package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/wire"
)

// largeSizes lie around each size at which a value's way changes.
var largeSizes = []int{0, 1, 4<<10 - 1, 4 << 10, 32<<10 - 1, 32 << 10, 60 << 10, 64<<10 - 9, 64 << 10, 1 << 20, 100, 3 << 20, 70 << 10, 5 << 20, 1}

func TestValuesOfEachSizeArriveAndStay(t *testing.T) {
	for _, size := range []int{0, 100_000, 2 << 20, 10 << 20} {
		travel(t, make([]byte, size), func(b []byte) []byte { return b })
		travel(t, make([]byte, size), func(b []byte) string { return string(b) })
	}
}

// travel sends values, some of them through an arena in shared.
func travel[T []byte | string](t *testing.T, shared []byte, of func([]byte) T) {
	t.Helper()
	in, out := io.Pipe()
	go func() {
		w, enc := wire.NewWriter(out, wire.MaxFrame), &wire.Raw[T]{}
		w.Share(wire.NewArena(shared))
		for i, n := range largeSizes {
			batch := []T{of(bytes.Repeat([]byte{byte('a' + i)}, n))}
			_ = w.Append(7, func(buf []byte) ([]byte, error) {
				buf, size, err := wire.Encode(w, enc, append(buf, "head"...), batch)
				if size < n {
					return buf, errors.New("the size is too small")
				}
				return buf, err
			})
			_ = w.Append(8, func(buf []byte) ([]byte, error) {
				buf, _, _ = wire.Encode(w, enc, buf, batch)
				return buf, io.ErrShortBuffer // nothing of it is in the stream
			})
			if i%2 == 0 {
				_ = w.Flush()
			}
		}
		out.CloseWithError(w.Flush())
	}()
	var got []T
	r, dec := wire.NewReader(in, wire.MaxFrame), &wire.Raw[T]{}
	r.Share(wire.NewArena(shared))
	for {
		kind, payload, err := r.Next()
		if err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
		require.Equal(t, byte(7), kind)
		require.Equal(t, "head", string(payload[:4]))
		values, err := wire.Decode(r, dec, payload[4:], 1)
		require.NoError(t, err)
		got = append(got, values...)
	}
	require.Len(t, got, len(largeSizes))
	for i, n := range largeSizes {
		require.True(t, string(got[i]) == string(bytes.Repeat([]byte{byte('a' + i)}, n)), "value %d of %d bytes", i, n)
	}
}

func TestLargeFramesKeepToTheLimit(t *testing.T) {
	w := wire.NewWriter(io.Discard, 100_000)
	err := w.Append(1, func(buf []byte) ([]byte, error) {
		buf, _, err := wire.Encode(w, &wire.Raw[string]{}, buf, []string{string(make([]byte, 100_001))})
		return buf, err
	})
	require.ErrorAs(t, err, new(*wire.TooLargeError))
	require.Zero(t, w.Buffered())
}

// A value that was not read whole, or whose length is not its frame's, is an error.
func TestLargeValuesAreChecked(t *testing.T) {
	var stream bytes.Buffer
	w := wire.NewWriter(&stream, wire.MaxFrame)
	for _, size := range []byte{0x80, 0xff} { // a varint that says too little, and one without an end
		require.NoError(t, w.Append(1, func(buf []byte) ([]byte, error) {
			return append(buf, bytes.Repeat([]byte{size}, 200_000)...), nil
		}))
	}
	require.NoError(t, w.Append(1, func(buf []byte) ([]byte, error) {
		return append(append(buf, 5), make([]byte, 200_000)...), nil
	}))
	require.NoError(t, w.Flush())
	r := wire.NewReader(&stream, wire.MaxFrame)
	for range 3 {
		_, payload, err := r.Next()
		require.NoError(t, err)
		_, err = wire.Decode(r, &wire.Raw[[]byte]{}, payload, 1)
		require.Error(t, err)
	}
}
