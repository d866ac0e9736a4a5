package wire_test

import (
	"math"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/wire"
)

type point struct{ X, Y int16 }

// gaps has padding between what it holds.
type gaps struct {
	A int8
	B int64
	C bool
	D float32
}

// places has fields that hold nothing.
type places struct {
	A int8
	_ func()
	B int64
	_ int32
	C int32
	_ string
}

type everything struct {
	Bool    bool
	Int     int
	Int8    int8
	Int64   int64
	Uint16  uint16
	Text    string
	F32     float32
	F64     float64
	C64     complex64
	C128    complex128
	Bytes   []byte
	Floats  []float64
	Bools   []bool
	Names   []string
	Points  []point
	Corners [3]point
	Titles  [2]string
	Flags   [2]bool
	Nested  struct {
		Lists [][]int
		Gaps  gaps
	}
	Inner [][2][]string
}

func TestAPlanCarriesWhatGobCarries(t *testing.T) {
	sameAsGob[bool](t)
	sameAsGob[int](t)
	sameAsGob[uint8](t)
	sameAsGob[float64](t)
	sameAsGob[complex64](t)
	sameAsGob[string](t)
	sameAsGob[[]string](t)
	sameAsGob[[]int](t)
	sameAsGob[[4]bool](t)
	sameAsGob[[3][]byte](t)
	sameAsGob[point](t)
	sameAsGob[gaps](t)
	sameAsGob[everything](t)
}

func sameAsGob[T any](t *testing.T) {
	t.Helper()
	plan, ok := wire.NewPlan[T]()
	require.True(t, ok)
	byGob, fromGob := &wire.GobEncoder[T]{}, &wire.GobDecoder[T]{}
	same := func(batch []T) bool {
		if len(batch) == 0 {
			return true
		}
		data, err := byGob.Append(nil, batch)
		require.NoError(t, err)
		want, err := fromGob.Decode(data, len(batch))
		require.NoError(t, err)
		data, err = plan.Append([]byte("before"), batch)
		require.NoError(t, err)
		got, err := plan.Decode(data[len("before"):], len(batch))
		require.NoError(t, err)
		return reflect.DeepEqual(want, got)
	}
	require.NoError(t, quick.Check(same, &quick.Config{MaxCount: 50}))
	require.True(t, same(make([]T, 5)))
}

func TestAPlanKeepsEveryBitOfANumber(t *testing.T) {
	plan, _ := wire.NewPlan[float64]()
	for _, f := range []float64{math.Copysign(0, -1), math.Inf(1), math.NaN(), math.SmallestNonzeroFloat64} {
		data, err := plan.Append(nil, []float64{f})
		require.NoError(t, err)
		got, err := plan.Decode(data, 1)
		require.NoError(t, err)
		assert.Equal(t, math.Float64bits(f), math.Float64bits(got[0]))
	}
}

func TestAPlanPassesOverFieldsWithoutAName(t *testing.T) {
	plan, ok := wire.NewPlan[places]()
	require.True(t, ok)
	through(t, plan, plan, places{A: 1, B: 2, C: 3}, places{})
}

func TestAnEmptySliceArrivesAsNil(t *testing.T) {
	plan, _ := wire.NewPlan[[][]int]()
	through(t, plan, plan, [][]int{{1}, nil}, nil)
	data, err := plan.Append(nil, [][][]int{{{}, {}}, {}})
	require.NoError(t, err)
	got, err := plan.Decode(data, 2)
	require.NoError(t, err)
	require.Equal(t, [][][]int{{nil, nil}, nil}, got)
}

func TestValuesByPlanHaveTheirOwnMemory(t *testing.T) {
	plan, _ := wire.NewPlan[everything]()
	one := everything{Text: "one", Bytes: []byte("one"), Names: []string{"one"}, Points: []point{{1, 1}}}
	data, err := plan.Append(nil, []everything{one, {}})
	require.NoError(t, err)
	batch, err := plan.Decode(data, 2)
	require.NoError(t, err)
	got := batch[0]
	clear(data)
	two := everything{Text: "two", Bytes: []byte("two"), Names: []string{"two"}, Points: []point{{2, 2}}}
	through(t, plan, plan, two, two, two)
	require.Equal(t, one, got)
}

func TestAPlanIsForTypesThatSayAll(t *testing.T) {
	_, ok := wire.NewPlan[map[[0]int]struct{}]()
	assert.False(t, ok)
	_, ok = wire.NewPlan[[]any]()
	assert.False(t, ok)
	_, ok = wire.NewPlan[struct{ F func() }]()
	assert.False(t, ok)
	_, ok = wire.NewPlan[[3]chan int]()
	assert.False(t, ok)
	_, ok = wire.NewPlan[uintptr]()
	assert.False(t, ok)
	_, ok = wire.NewPlan[struct{}]()
	assert.False(t, ok, "a value takes no bytes, so any number of them would")
	_, ok = wire.NewPlan[[][0]int]()
	assert.False(t, ok)
}

func TestCorruptPlannedDataIsAnError(t *testing.T) {
	plan, _ := wire.NewPlan[everything]()
	good, err := plan.Append(nil, []everything{{Text: "a", Names: []string{"b"}, Bools: []bool{true}}})
	require.NoError(t, err)
	for n := range good {
		_, err := plan.Decode(good[:n], 1)
		require.Error(t, err, "the first %d of %d bytes", n, len(good))
	}
	for _, n := range []int{-1, 0, 2, math.MaxInt} {
		_, err = plan.Decode(good, n)
		require.Error(t, err, "%d values", n)
	}
	bools, _ := wire.NewPlan[bool]()
	_, err = bools.Decode([]byte{2}, 1)
	require.Error(t, err)
	texts, _ := wire.NewPlan[[]string]()
	_, err = texts.Decode([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, 1)
	require.Error(t, err)
}

// FuzzPlan decodes anything. What was decoded comes through again.
func FuzzPlan(f *testing.F) {
	plan, _ := wire.NewPlan[everything]()
	for seed := range int64(3) {
		v, _ := quick.Value(reflect.TypeFor[everything](), rand.New(rand.NewSource(seed)))
		data, _ := plan.Append(nil, []everything{v.Interface().(everything)})
		f.Add(data, 1)
	}
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		got, err := plan.Decode(data, n)
		if err != nil {
			return
		}
		again, err := plan.Append(nil, got)
		require.NoError(t, err)
		back, err := plan.Decode(again, n)
		require.NoError(t, err)
		assert.Len(t, back, n)
	})
}
