//go:build unix

package process_test

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

func consume[T any](context.Context, T) error { return nil }

type (
	withChannel struct {
		Deep map[string][]struct{ Done chan int }
	}
	withFunction struct{ F func() }
	withHidden   struct {
		ID     int
		secret int //nolint:unused // that gob would leave it out is what is tested
	}
	withPointer struct{ Count *int }
	withAddress struct{ P uintptr }
	withNothing struct{ Set map[string]struct{} }
)

// selfMade encodes itself, hidden field and all.
type selfMade struct{ text string }

func (s selfMade) MarshalBinary() ([]byte, error) { return []byte(s.text), nil }

func (s *selfMade) UnmarshalBinary(data []byte) error {
	s.text = string(data)
	return nil
}

// loud encodes itself, though it is made of nothing but a string.
type loud string

func (l loud) MarshalBinary() ([]byte, error) { return []byte(strings.ToUpper(string(l))), nil }

func (l *loud) UnmarshalBinary(data []byte) error {
	*l = loud(data) + "!"
	return nil
}

var refused = map[string]func(context.Context) error{
	"process_test.withChannel.Deep[][].Done is a channel (chan int)": runner[withChannel](),
	"process_test.withFunction.F is a function (func())":             runner[withFunction](),
	"process_test.withHidden.secret is an unexported field":          runner[withHidden](),
	"process_test.withPointer.Count is a pointer (*int)":             runner[withPointer](),
	"process_test.withAddress.P is an address (uintptr)":             runner[withAddress](),
	"process_test.withNothing.Set[] is a struct (struct {}) without": runner[withNothing](),
	"chan int is a channel (chan int)":                               runner[chan int](),
}

func runner[T any]() func(context.Context) error {
	stage := process.Each(consume[T])
	return func(ctx context.Context) error { return stage(pl.From[T]()).Run(ctx) }
}

func TestTypesThatGobWouldNotCarryWholeAreRefused(t *testing.T) {
	for want, run := range refused {
		require.ErrorContains(t, run(t.Context()), want)
	}
	require.Empty(t, children())
}

type (
	node struct {
		Next *node
		N    int
	}
	registered   struct{ N int }
	unregistered struct{ N int }
	half         struct{ N, hidden int }
	varied       struct {
		When  time.Time
		At    *time.Time
		Big   *big.Int
		Point *registered
		Array *[2]int
		Any   any
		Map   map[string]*int
		List  []*int
		_     int
	}
)

func init() {
	gob.Register(registered{})
	gob.Register(half{})
}

var (
	nodes   = process.Map(func(_ context.Context, n *node) (int, error) { return n.N, nil })
	cycles  = process.Map(func(_ context.Context, n int) (*node, error) { return ring(n), nil })
	varying = process.Map(func(_ context.Context, v varied) (varied, error) { return v, nil })
	own     = process.Map(func(_ context.Context, v selfMade) (selfMade, error) { return v, nil })
	callers = process.Map(func(_ context.Context, v []loud) (loud, error) { return v[1], nil })
	anys    = process.Map(func(_ context.Context, v any) (any, error) { return v, nil })
	lenient = process.Map(func(_ context.Context, v half) (half, error) { return v, nil }, process.WithCodec(process.Gob))
)

// ring is a list of n nodes whose last leads to the first, if n is odd.
func ring(n int) *node {
	first := &node{N: n}
	if n%2 == 1 {
		first.Next = first
	}
	return first
}

func TestValuesArriveWhole(t *testing.T) {
	zero, when := 0, time.Time{}
	in := varied{
		When: time.Unix(1, 2).UTC(), At: &when, Big: big.NewInt(0), Point: &registered{}, Array: &[2]int{},
		Any: registered{3}, Map: map[string]*int{"zero": &zero}, List: []*int{&zero},
	}
	got, err := varying(pl.From(in)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []varied{in}, got)
	made, err := own(pl.From(selfMade{"hidden"})).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []selfMade{{"hidden"}}, made)
	shouts, err := callers(pl.From([]loud{"who", "me"})).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []loud{"ME!!"}, shouts, "on the way there, and on the way back")
	halves, err := lenient(pl.From(half{1, 2})).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []half{{1, 0}}, halves, "gob's own rules were asked for")
}

func TestAValueThatCannotTravelCostsItself(t *testing.T) {
	var dropped drops
	got, err := nodes(pl.From(ring(2), ring(3), nil, ring(4))).With(dropped.option()).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{2, 4}, got)
	require.Len(t, dropped.errs, 2)
	require.ErrorContains(t, dropped.errs[0], "cycle")

	dropped = drops{}
	rings, err := cycles(pl.Range(50)).With(dropped.option()).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, rings, 25)
	require.Len(t, dropped.errs, 25)
	require.ErrorContains(t, dropped.errs[7], "cannot encode the result")

	dropped = drops{}
	values, err := anys(pl.From[any](1, unregistered{1}, "x", half{1, 2}, registered{2}, nil)).
		With(dropped.option()).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{1, "x", registered{2}, nil}, values)
	require.Len(t, dropped.errs, 2)
	require.ErrorContains(t, dropped.errs[0], "gob.Register")
	require.Equal(t, 1, strings.Count(dropped.errs[0].Error(), "call gob.Register"))
	require.ErrorContains(t, dropped.errs[1], "half.hidden is an unexported field")
}

// moody fails or panics while it is encoded or decoded, on one side or the other, as its fields
// say.
type moody struct {
	N    int
	Fail string
}

func (m moody) GobEncode() ([]byte, error) {
	if m.Fail == "encode" {
		return nil, errors.New("no encoding")
	}
	return json.Marshal([]any{m.N, m.Fail})
}

func (m *moody) GobDecode(data []byte) error {
	parts := []any{&m.N, &m.Fail}
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	switch m.Fail {
	case "decode":
		return errors.New("no decoding")
	case "panic":
		panic("no decoding at all")
	}
	return nil
}

var (
	moodyIn  = process.Map(func(_ context.Context, m moody) (int, error) { return m.N, nil })
	moodyOut = process.Map(func(_ context.Context, n int) (moody, error) {
		return moody{n, []string{"", "encode", "", "decode", "", "panic"}[n%6]}, nil
	})
)

func TestMoodyEncodingsCostTheirValue(t *testing.T) {
	var in []moody
	for i := range 120 {
		in = append(in, moody{i, []string{"", "encode", "", "decode", "", "panic"}[i%6]})
	}
	for _, attempts := range []int{1, 2} {
		var dropped drops
		got, err := moodyIn(pl.FromSlice(in)).With(dropped.option(), pl.Retry(attempts, nil)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 60)
		require.Len(t, dropped.errs, 60)
		dropped = drops{}
		out, err := moodyOut(pl.Range(120)).With(dropped.option(), pl.Retry(attempts, nil)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, out, 60)
		require.Len(t, dropped.errs, 60)
		_, isPanic := errors.AsType[*pl.PanicError](dropped.errs[2])
		require.True(t, isPanic, "%v", dropped.errs[2])
	}
}

// jsonCodec is a codec as a user may write one.
type jsonCodec struct{}

func (jsonCodec) Append(buf []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(buf, text...), err
}

func (jsonCodec) Decode(data []byte, v any) error { return json.Unmarshal(data, v) }

var (
	byJSON = process.Map(func(_ context.Context, m map[string]int) (map[string]int, error) {
		m["seen"]++
		return m, nil
	}, process.WithCodec(jsonCodec{}))
	byRaw = process.Map(addOne, process.WithCodec(process.Raw))
	picky = process.Map(addOne, process.WithCodec(pickyCodec{}))
)

// pickyCodec fails with nothing in hand, as is natural, once returns less than it got, and once
// panics.
type pickyCodec struct{ jsonCodec }

func (c pickyCodec) Append(buf []byte, v any) ([]byte, error) {
	switch v {
	case 3:
		return nil, errors.New("no threes")
	case 5:
		return nil, nil
	case 7:
		panic("no sevens")
	}
	return c.jsonCodec.Append(buf, v)
}

func TestTheErrorOfACodecIsTheValues(t *testing.T) {
	var dropped drops
	got, err := picky(pl.Range(8)).With(dropped.option()).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, got) // without the values 3, 5 and 7, and those whose results they are
	require.Len(t, dropped.errs, 6)
	why := map[any]string{
		2: "cannot encode the result: no threes", 3: "cannot encode the value: no threes",
		4: "returned less than it got", 5: "returned less than it got",
		6: "cannot encode the result: panic: no sevens", 7: "cannot encode the value: panic: no sevens",
	}
	for _, e := range dropped.errs {
		require.ErrorContains(t, e, why[e.Item])
		_, panicked := errors.AsType[*pl.PanicError](e)
		require.Equal(t, e.Item.(int) > 5, panicked)
	}
}

func TestCodecs(t *testing.T) {
	got, err := byJSON(pl.From(map[string]int{"a": 1}, map[string]int{})).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []map[string]int{{"a": 1, "seen": 1}, {"seen": 1}}, got)
	require.ErrorContains(t, byRaw(pl.From(1)).Run(t.Context()), "process.Raw carries []byte and string, not int")
	require.ErrorContains(t, increment(pl.From(1)).With(process.WithCodec(jsonCodec{})).Run(t.Context()), "not with Stage.With")
}
