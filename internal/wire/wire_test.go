package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/wire"
)

func payload(text string) func([]byte) ([]byte, error) {
	return func(buf []byte) ([]byte, error) { return append(buf, text...), nil }
}

// writes counts the calls of Write.
type writes struct {
	bytes.Buffer
	calls int
}

func (w *writes) Write(p []byte) (int, error) {
	w.calls++
	return w.Buffer.Write(p)
}

func TestFramesAreWrittenTogetherAndReadOneByOne(t *testing.T) {
	var pipe writes
	w := wire.NewWriter(&pipe, 1<<20)
	large := strings.Repeat("x", 300_000)
	for i, text := range []string{"", "one", large, "four"} {
		require.NoError(t, w.Append(byte(i), payload(text)))
	}
	require.Zero(t, pipe.calls)
	require.NoError(t, w.Flush())
	require.Equal(t, 1, pipe.calls)
	require.Zero(t, w.Buffered())

	r := wire.NewReader(iotest.HalfReader(&pipe), 1<<20)
	for i, text := range []string{"", "one", large, "four"} {
		kind, got, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, byte(i), kind)
		require.True(t, text == string(got), "frame %d: %d bytes", i, len(got))
	}
	_, _, err := r.Next()
	require.Equal(t, io.EOF, err)
}

func TestReadyTellsOfWholeFramesOnly(t *testing.T) {
	var pipe bytes.Buffer
	w := wire.NewWriter(&pipe, 100)
	require.NoError(t, w.Append(1, payload("a")))
	require.NoError(t, w.Append(2, payload("bcd")))
	require.NoError(t, w.Flush())
	pipe.Truncate(pipe.Len() - 1)

	r := wire.NewReader(&pipe, 100)
	require.False(t, r.Ready(), "nothing was read yet")
	_, _, err := r.Next()
	require.NoError(t, err)
	require.False(t, r.Ready(), "the second frame lacks a byte")
	_, _, err = r.Next()
	require.Equal(t, io.ErrUnexpectedEOF, err)
}

func TestTheLimitHoldsOnBothEnds(t *testing.T) {
	var pipe bytes.Buffer
	w := wire.NewWriter(&pipe, 10)
	tooLarge := &wire.TooLargeError{}
	require.ErrorAs(t, w.Append(1, payload("12345678901")), &tooLarge)
	require.NoError(t, w.Append(2, payload("1234567890")))
	require.NoError(t, w.Flush())
	require.Equal(t, 15, pipe.Len(), "the refused frame left nothing behind")

	header := append(binary.LittleEndian.AppendUint32(nil, 11), 1)
	_, _, err := wire.NewReader(bytes.NewReader(header), 10).Next()
	require.ErrorAs(t, err, &tooLarge)
	require.Equal(t, wire.TooLargeError{Size: 11, Limit: 10}, *tooLarge)
}

func TestAHeaderAloneTakesNoMemory(t *testing.T) {
	header := append(binary.LittleEndian.AppendUint32(nil, 200<<20), 1)
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_, _, err := wire.NewReader(bytes.NewReader(header), wire.MaxFrame).Next()
			require.Equal(b, io.ErrUnexpectedEOF, err)
		}
	})
	require.Less(t, result.AllocedBytesPerOp(), int64(4<<20))
}

func TestAFailedFillAddsNothing(t *testing.T) {
	var pipe bytes.Buffer
	w := wire.NewWriter(&pipe, 100)
	boom := errors.New("boom")
	require.ErrorIs(t, w.Append(1, func(b []byte) ([]byte, error) { return append(b, 1), boom }), boom)
	require.Panics(t, func() { w.Append(1, func(b []byte) ([]byte, error) { panic("no") }) })
	require.NoError(t, w.Append(2, payload("ok")))
	require.NoError(t, w.Flush())
	kind, got, err := wire.NewReader(&pipe, 100).Next()
	require.NoError(t, err)
	assert.Equal(t, byte(2), kind)
	assert.Equal(t, "ok", string(got))
}

func through[T any](t *testing.T, enc wire.Encoder[T], dec wire.Decoder[T], batch ...T) {
	t.Helper()
	data, err := enc.Append([]byte("prefix"), batch)
	require.NoError(t, err)
	got, err := dec.Decode(data[len("prefix"):], len(batch))
	require.NoError(t, err)
	require.Equal(t, batch, got)
}

func TestCodecsCarryBatches(t *testing.T) {
	bytesRaw, stringRaw := &wire.Raw[[]byte]{}, &wire.Raw[string]{}
	through(t, bytesRaw, bytesRaw, []byte("a"), nil, []byte{}, make([]byte, 300))
	through(t, stringRaw, stringRaw, "", "a", strings.Repeat("b", 300))
	through(t, wire.Empty[struct{}]{}, wire.Empty[struct{}]{}, struct{}{}, struct{}{})
	ints, toInts := &wire.GobEncoder[int]{}, &wire.GobDecoder[int]{}
	through(t, ints, toInts, 1, 0, -3)
	through(t, ints, toInts, 0)
	through(t, ints, toInts, 5, 6, 7, 8, 9)
}

func TestRawValuesHaveTheirOwnMemory(t *testing.T) {
	raw := &wire.Raw[[]byte]{}
	data, err := raw.Append(nil, [][]byte{[]byte("one"), []byte("two")})
	require.NoError(t, err)
	got, err := raw.Decode(data, 2)
	require.NoError(t, err)
	one := got[0]
	clear(data)
	x, err := raw.Append(data[:0], [][]byte{[]byte("xyz"), []byte("xyz")})
	require.NoError(t, err)
	_, err = raw.Decode(x, 2)
	require.NoError(t, err)
	require.Equal(t, "one", string(one))
}

// record has fields that gob leaves out when they are zero.
type record struct {
	Name string
	Tags []string
	N    int
}

func TestAReusedBatchKeepsNothingOfTheLastValues(t *testing.T) {
	enc, dec := &wire.GobEncoder[record]{}, &wire.GobDecoder[record]{}
	through(t, enc, dec, record{"a", []string{"x"}, 1}, record{"b", []string{"y"}, 2})
	through(t, enc, dec, record{}, record{Name: "c"})
}

func TestGobDescribesATypeOnce(t *testing.T) {
	enc := &wire.GobEncoder[record]{}
	first, err := enc.Append(nil, []record{{Name: "a"}})
	require.NoError(t, err)
	second, err := enc.Append(nil, []record{{Name: "a"}})
	require.NoError(t, err)
	require.Less(t, len(second), len(first)/2)
}

// moody fails or panics in its own encoding and decoding as its text says.
type moody struct{ Text string }

func (m moody) GobEncode() ([]byte, error) { return act(m.Text, "encode") }

func (m *moody) GobDecode(data []byte) error {
	m.Text = string(data)
	_, err := act(m.Text, "decode")
	return err
}

func act(text, when string) ([]byte, error) {
	switch text {
	case "fail " + when:
		return nil, errors.New("failed as asked")
	case "panic " + when:
		panic("panicked as asked")
	}
	return []byte(text), nil
}

type holder struct {
	ID int
	M  moody
	In any
}

func TestOneBadValueCostsItself(t *testing.T) {
	for _, eachNew := range []bool{false, true} {
		enc := &wire.GobEncoder[holder]{EachNew: eachNew}
		dec := &wire.GobDecoder[holder]{}
		arrived := 0
		for i := range 500 {
			bad := []string{"fail encode", "panic encode", "fail decode", "panic decode"}[i%4]
			data, err := enc.Append(nil, []holder{{ID: i, M: moody{bad}}})
			if strings.HasSuffix(bad, "encode") {
				require.Error(t, err)
				require.Empty(t, data)
			} else {
				require.NoError(t, err)
				_, err = dec.Decode(data, 1)
				require.Error(t, err)
			}
			through(t, enc, dec, holder{ID: i, M: moody{"good"}})
			arrived++
		}
		require.Equal(t, 500, arrived)
	}
}

type unregistered struct{ X int }

func TestAValueThatIsNotRegisteredCostsItself(t *testing.T) {
	enc, dec := &wire.GobEncoder[holder]{EachNew: true}, &wire.GobDecoder[holder]{}
	_, err := enc.Append(nil, []holder{{In: 1}, {In: unregistered{1}}})
	require.ErrorContains(t, err, "not registered")
	through(t, enc, dec, holder{In: 1})
	_, err = (&wire.GobEncoder[*int]{}).Append(nil, []*int{nil})
	require.Error(t, err)
}

func TestCorruptDataIsAnError(t *testing.T) {
	data, err := (&wire.GobEncoder[int]{}).Append(nil, []int{1, 2, 3})
	require.NoError(t, err)
	for _, bad := range [][]byte{nil, {0}, {1}, data[:len(data)-1], append(bytes.Clone(data), 0)} {
		_, err = (&wire.GobDecoder[int]{}).Decode(bad, 3)
		require.Error(t, err)
	}
	_, err = (&wire.GobDecoder[int]{}).Decode(data, 4)
	require.Error(t, err)
	for _, bad := range [][]byte{{}, {200}, {5, 'a'}, {2, 'a', 1}} {
		_, err = (&wire.Raw[string]{}).Decode(bad, 1)
		require.Error(t, err)
	}
	_, err = (wire.Empty[struct{}]{}).Decode([]byte{1}, 1)
	require.Error(t, err)
}
