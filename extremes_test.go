package pl_test

import (
	"context"
	"errors"
	"math/bits"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func TestManyWorkers(t *testing.T) {
	for _, size := range []int{0, 1, 64, 1 << (bits.UintSize - 24)} {
		s := thread.Map(same, pl.Workers(300), pl.MaxSize(size))(pl.Range(3000))
		s = thread.Map(same, pl.Workers(70), pl.MaxSize(size))(s)
		backendtest.SameValues(t, numbers(3000), values(t, s), "MaxSize(%d)", size)
	}
}

func TestManyBranches(t *testing.T) {
	shared := thread.Map(same, pl.MaxSize(2))(pl.Range(50))
	var branches []pl.Stage[int]
	for i := range 150 {
		branches = append(branches, thread.Map(func(_ context.Context, x int) (int, error) { return 50*i + x, nil })(shared))
	}
	backendtest.SameValues(t, numbers(50*150), values(t, pl.Concat(branches...)))
}

func TestDeepPipeline(t *testing.T) {
	inline, threads := pl.From(1), pl.From(1)
	for range 2000 {
		inline = pl.Ordered(serial.Map(same)(inline))
	}
	for range 300 {
		threads = pl.Take[int](5)(thread.Map(same, pl.MaxSize(1))(threads))
	}
	assert.Equal(t, []int{1}, values(t, inline))
	assert.Equal(t, []int{1}, values(t, threads))
	assert.NotEmpty(t, inline.String())
}

// Types of every kind flow: of no size, of much, nil in an interface, functions, channels.
func TestAnyTypeFlows(t *testing.T) {
	flows(t, struct{}{}, struct{}{})
	flows(t, error(nil), errors.New("a value, not a failure"))
	flows(t, any(nil), any(1))
	flows(t, [4096]byte{1}, [4096]byte{2})
	flows(t, (*int)(nil), new(int))
	flows(t, "", "text")

	f := func() int { return 7 }
	got := values(t, thread.Map(pl.Lift(func(f func() int) int { return f() }))(pl.From(f, f)))
	assert.Equal(t, []int{7, 7}, got)
}

func flows[T any](t *testing.T, all ...T) {
	t.Helper()
	same := func(_ context.Context, v T) (T, error) { return v, nil }
	keep := func(context.Context, T) (bool, error) { return true, nil }
	for _, size := range []int{0, 1, 64} {
		s := pl.Pipe5(pl.FromSlice(all), thread.Map(same, pl.MaxSize(size)), serial.Filter(keep),
			thread.Filter(keep, pl.Workers(2), pl.MaxSize(size)), pl.Ordered, pl.Batch[T](2, time.Hour))
		assert.Equal(t, [][]T{all}, values(t, s))
	}
}

// A run that goes on does not keep alive what its values pointed to.
func TestQueuesForgetWhatTheyHandedOn(t *testing.T) {
	type big struct{ _ [1 << 10]byte }
	source := pl.FromFunc(func(_ context.Context, yield func(*big) bool) error {
		for yield(new(big)) {
		}
		return nil
	})
	same := func(_ context.Context, v *big) (*big, error) { return v, nil }
	for name, s := range map[string]pl.Stage[*big]{
		"channel": thread.Map(same, pl.MaxSize(2))(source),
		"window":  thread.Map(same, pl.MaxSize(100), pl.Workers(2))(source),
		"ordered": pl.OrderedWindow[*big](10)(thread.Map(same, pl.MaxSize(20))(source)),
	} {
		var refs []weak.Pointer[big]
		for v, err := range s.All(t.Context()) {
			require.NoError(t, err)
			if refs = append(refs, weak.Make(v)); len(refs) < 2000 {
				continue
			}
			runtime.GC()
			alive := 0
			for _, ref := range refs[:1000] {
				if ref.Value() != nil {
					alive++
				}
			}
			assert.LessOrEqual(t, alive, 1, "%s: values consumed a thousand values ago", name)
			break
		}
	}
}

func TestWorkerAndStatusOutsideOfAStage(t *testing.T) {
	assert.Zero(t, pl.WorkerFrom(t.Context()))
	assert.Zero(t, pl.StatusFrom(t.Context()))
	inF := func(ctx context.Context, _ int) (pl.StageStatus, error) { return pl.StatusFrom(ctx), nil }
	assert.Equal(t, []pl.StageStatus{{}}, values(t, thread.Map(inF)(pl.From(1))), "it is for OnEnd")
}

// Each stage of pl.Run runs to its end, whatever the others want of it.
func TestRunKeepsAStageThatOthersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		f := func(_ context.Context, x int) (int, error) { seen++; return x, nil }
		shared := thread.Map(f, pl.MaxSize(1))(pl.Range(20))
		require.NoError(t, pl.Run(t.Context(), shared, pl.Take[int](2)(shared)))
		assert.Equal(t, 20, seen)

		seen = 0
		require.NoError(t, pl.Run(t.Context(), pl.Take[int](2)(shared), pl.Take[int](3)(shared)))
		assert.Less(t, seen, 20, "stopped when nobody wants more")
	})
}
