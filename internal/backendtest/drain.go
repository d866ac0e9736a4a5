package backendtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

var drainChecks = []check{
	{"FinishesWhatWasRead", nothing, drainFinishes},
	{"OfEveryOperator", nothing, drainEverywhere},
	{"EverySourceStops", nothing, drainSources},
	{"OnlySourcesContextsEnd", here, drainContexts},
	{"TheValueInYieldIsKept", nothing, drainKeepsTheValue},
	{"LosesNothingOfAChannel", nothing, drainChannel},
	{"BatchHandsOutWhatItHas", nothing, drainBatch},
	{"EndsWithErrDrainAfterTheGrace", nothing, drainGrace},
	{"TheGraceIsForEachRun", here, drainGraceIsNotUsed},
	{"FunctionsHearOfTheGrace", here, drainGraceCause},
	{"EitherStopCounts", nothing, drainNested},
	{"ARunAfterStopReadsNothing", nothing, drainLate},
	{"RunsOfFunctionsGoOn", here, drainInner},
	{"RetriesGoOn", nothing, drainRetries},
	{"TheCallersContextStillCancels", nothing, drainCancelled},
	{"ErrorsStillCount", nothing, drainErrors},
	{"BadArgumentsFailTheRun", nothing, drainBadInput},
	{"ReportsFailedValues", nothing, drainKeepGoing},
}

// reading is an endless source that counts what it has handed over.
func reading(read *int) pl.Stage[int] {
	return pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for ctx.Err() == nil {
			v := *read
			*read++
			if !yield(v) {
				return nil
			}
		}
		return context.Cause(ctx)
	})
}

// drained runs a stage, ends stop after so many of its values, and returns them all.
func drained[T any](t *testing.T, api API, s pl.Stage[T], after int) []T {
	t.Helper()
	stop, end := context.WithCancel(context.Background())
	defer end()
	before := Hold()
	var got []T
	if after == 0 {
		end()
	}
	for v, err := range s.All(pl.Drain(api.context(t), stop, 0)) {
		require.NoError(t, err)
		if got = append(got, v); len(got) == after {
			end()
		}
	}
	before.Check(t)
	return got
}

func drainFinishes(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		for _, size := range []int{1, 5, 64} {
			read := 0
			s := api.AddOne(api.Doze(reading(&read).With(pl.Name("source"))).With(pl.Workers(workers), pl.MaxSize(size)))
			got := drained(t, api, s.With(pl.MaxSize(size)), 10)
			assert.Positive(t, read)
			want := numbers(read)
			for i := range want {
				want[i]++
			}
			SameValues(t, want, got, "%d workers, MaxSize(%d)", workers, size)
		}
	}
}

func drainEverywhere(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		journal := Keep(t)
		read := 0
		stop, end := context.WithCancel(context.Background())
		source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			for yield(read) {
				if read++; read == 20 {
					end()
				}
			}
			read++
			return nil
		})
		require.NoError(t, op.on(source, pl.MaxSize(2), pl.Workers(2)).(interface {
			Run(ctx context.Context) error
		}).Run(pl.Drain(api.context(t), stop, time.Hour)), op.name)
		assert.Equal(t, read, journal.Count("begin"), op.name)
		journal.opened(api, 2)
	}
}

func drainSources(t *testing.T, api API) {
	forever := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	many := make([]int, 100_000)
	for name, source := range map[string]pl.Stage[int]{
		"Range": pl.Range(1_000_000_000), "FromSlice": pl.FromSlice(many), "FromSeq": pl.FromSeq(forever),
		"FromSeq2": pl.FromSeq2(func(yield func(int, error) bool) {
			for i := 0; yield(i, nil); i++ {
			}
		}),
		"Concat": pl.Concat(pl.Range(1_000_000_000), pl.FromSeq(forever)).With(pl.MaxSize(4)),
		"Append": pl.Append(pl.Range(1_000_000_000), pl.FromSeq(forever), pl.Range(5)),
	} {
		for _, ordered := range []bool{false, true} {
			s := api.Same(source).With(pl.MaxSize(4), pl.Workers(2))
			if ordered {
				s = pl.OrderedWindow[int](5)(s)
			}
			got := drained(t, api, s, 5)
			assert.GreaterOrEqual(t, len(got), 5, name)
			assert.Less(t, len(got), 90_000, name)
			assert.Empty(t, drained(t, api, s, 0), name)
			assert.Less(t, len(drained(t, api, pl.Pipe(source, pl.OrderedWindow[int](3)), 5)), 90_000, name)
		}
	}
}

func drainContexts(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	var sourceCause error
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		yield(1)
		<-ctx.Done()
		sourceCause = context.Cause(ctx)
		return ctx.Err()
	})
	f := func(ctx context.Context, x int) (int, error) {
		end()
		if err := api.Sleep(ctx, 10*api.Tick); err != nil {
			return 0, err
		}
		return x, ctx.Err()
	}
	got, err := api.Map(f)(source).Collect(pl.Drain(api.context(t), stop, 0))
	require.NoError(t, err)
	assert.Equal(t, []int{1}, got)
	if api.Concurrent {
		assert.Equal(t, pl.ErrDrain, sourceCause)
	}
}

func drainKeepsTheValue(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	asked, answers := 0, []bool{}
	source := pl.FromSeq(func(yield func(int) bool) {
		for i := range 10 {
			if asked++; i == 3 {
				end()
			}
			ok := yield(i)
			answers = append(answers, ok)
			if !ok {
				return
			}
		}
	})
	got, err := api.Same(source).With(pl.MaxSize(20)).Collect(pl.Drain(api.context(t), stop, 0))
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3}, got)
	assert.Equal(t, []bool{true, true, true, false}, answers)
	assert.Equal(t, 4, asked, "it is not asked for another")
}

func drainChannel(t *testing.T, api API) {
	ch := make(chan int, 100)
	for i := range 100 {
		ch <- i
	}
	got := drained(t, api, api.Same(pl.FromChan(ch)).With(pl.MaxSize(3)), 5)
	close(ch)
	var left []int
	for x := range ch {
		left = append(left, x)
	}
	assert.NotEmpty(t, left)
	assert.Equal(t, numbers(100), append(got, left...))

	idle := make(chan int)
	stop, end := context.WithTimeout(context.Background(), api.Tick)
	defer end()
	require.NoError(t, api.Same(pl.FromChan(idle)).Run(pl.Drain(api.context(t), stop, time.Hour)), "it waits no longer")
}

func drainBatch(t *testing.T, api API) {
	for _, wait := range []time.Duration{0, time.Hour} {
		stop, end := context.WithCancel(context.Background())
		source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			for i := range 3 {
				yield(i)
			}
			end()
			<-ctx.Done()
			return ctx.Err()
		})
		got, err := pl.Batch[int](100, wait)(api.Same(source)).Collect(pl.Drain(api.context(t), stop, 0))
		require.NoError(t, err)
		assert.Equal(t, [][]int{{0, 1, 2}}, got)
	}
}

func drainGrace(t *testing.T, api API) {
	for _, workers := range []int{1, 2} {
		before := Hold()
		stop, end := context.WithTimeout(context.Background(), api.patience())
		start := time.Now()
		s := api.Obey.Map(pl.From(1, Hang, Hang+1, 2, 3)).With(pl.MaxSize(1), pl.Workers(workers))
		_, err := s.Collect(pl.Drain(api.context(t), stop, 3*api.Tick))
		end()
		assert.Equal(t, pl.ErrDrain, err)
		before.Check(t)
		if api.Here {
			assert.Equal(t, api.patience()+3*api.Tick, time.Since(start))
		}
	}
}

func drainGraceIsNotUsed(t *testing.T, api API) {
	stop, end := context.WithTimeout(context.Background(), api.Tick)
	defer end()
	ctx := pl.Drain(api.context(t), stop, 5*api.Tick)
	read := 0
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for yield(Nap + 3) {
			read++
		}
		read++
		return nil
	})
	got, err := api.Obey.Map(source).With(pl.MaxSize(1)).Collect(ctx)
	if api.Queued {
		assert.Equal(t, pl.ErrDrain, err, "three values of four ticks are more than six")
		return
	}
	require.NoError(t, err)
	assert.Len(t, got, read)
}

func drainGraceCause(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	var cause error
	f := func(ctx context.Context, x int) (int, error) {
		end()
		err := api.Sleep(ctx, time.Hour)
		cause = context.Cause(ctx)
		return x, err
	}
	err := api.Map(f, pl.OnError(pl.Skip))(pl.From(1)).Run(pl.Drain(api.context(t), stop, api.Tick))
	assert.Equal(t, pl.ErrDrain, err)
	assert.Equal(t, pl.ErrDrain, cause)
}

func drainNested(t *testing.T, api API) {
	for _, inner := range []bool{true, false} {
		one, endOne := context.WithCancel(context.Background())
		two, endTwo := context.WithCancel(context.Background())
		read := 0
		n := 0
		for _, err := range api.Same(reading(&read)).With(pl.MaxSize(1)).All(pl.Drain(pl.Drain(api.context(t), one, 0), two, time.Hour)) {
			require.NoError(t, err)
			if n++; n == 3 {
				if inner {
					endTwo()
				} else {
					endOne()
				}
			}
		}
		assert.Equal(t, read, n)
		endOne()
		endTwo()
	}
}

func drainLate(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	end()
	read := 0
	got, err := api.Same(reading(&read)).Collect(pl.Drain(api.context(t), stop, time.Hour))
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.Zero(t, read)
	require.NoError(t, pl.Range(5).Run(pl.Drain(api.context(t), stop, time.Hour)))
}

func drainInner(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	f := func(ctx context.Context, x int) (int, error) {
		end()
		got, err := api.AddOne(pl.Range(x)).Collect(ctx)
		return len(got), err
	}
	source := pl.FromSeq(slices.Values([]int{10, 20, 30}))
	got, err := api.Map(f)(source).Collect(pl.Drain(api.context(t), stop, 0))
	require.NoError(t, err)
	assert.NotEmpty(t, got)
	assert.Equal(t, 10, got[0], "the value was read, and is finished")
}

func drainRetries(t *testing.T, api API) {
	Keep(t)
	stop, end := context.WithCancel(context.Background())
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		yield(FailOnce)
		return nil
	})
	wait := func(int) time.Duration { end(); return 2 * api.Tick }
	got, err := api.Obey.Map(source).With(pl.Retry(2, wait)).Collect(pl.Drain(api.context(t), stop, 0))
	require.NoError(t, err)
	assert.Equal(t, []int{FailOnce}, got)
}

func drainCancelled(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	defer end()
	ctx, cancel := context.WithTimeoutCause(api.context(t), api.Tick, errGone)
	defer cancel()
	before := Hold()
	assert.Equal(t, errGone, api.Obey.Map(pl.From(Hang)).Run(pl.Drain(ctx, stop, 0)))
	before.Check(t)
}

func drainErrors(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	source := pl.FromSeq2(func(yield func(int, error) bool) {
		end()
		yield(Fail, nil)
	})
	_, err := api.Obey.Map(source).Collect(pl.Drain(api.context(t), stop, 0))
	isBroken(t, api, err)

	again, endAgain := context.WithCancel(context.Background())
	errRead := errors.New("cannot read")
	source = pl.FromSeq2(func(yield func(int, error) bool) {
		endAgain()
		yield(0, errRead)
	})
	_, err = api.Same(source).Collect(pl.Drain(api.context(t), again, 0))
	assert.ErrorIs(t, err, errRead, "a sequence knows nothing of the drain")
}

func drainBadInput(t *testing.T, api API) {
	read := 0
	var none context.Context
	for _, ctx := range []context.Context{pl.Drain(api.base(t), none, 0), pl.Drain(none, api.base(t), -1)} {
		_, err := api.Same(reading(&read)).Collect(ctx)
		assert.ErrorContains(t, err, "Drain")
		assert.ErrorContains(t, err, "must")
		assert.Zero(t, read)
	}
}

func drainKeepGoing(t *testing.T, api API) {
	stop, end := context.WithCancel(context.Background())
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := range 3 {
			yield(Fail + i)
		}
		end()
		<-ctx.Done()
		return fmt.Errorf("stopped: %w", ctx.Err())
	})
	err := api.Obey.Map(source).With(pl.KeepGoing(0)).Run(pl.Drain(api.context(t), stop, 0))
	assert.Equal(t, 3, failedValues(t, err).Total)
}
