package backendtest

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gopeln/pl"
)

// Ready are the partials that New makes, so that a subprocess makes the same ones. Checks give them
// options with [pl.Stage.With].
type Ready struct {
	Same, AddOne, Square, Negate Step                      // one line of arithmetic each
	Odd, Never                   Step                      // filters
	Triple                       Step                      // x becomes 3x, 3x+1, 3x+2
	Few                          Step                      // x becomes itself x%3 times
	Brittle                      Step                      // fails for every fifth x
	BrittleFlat                  Step                      // x becomes x and x+1, and fails between the two for every fifth x
	Flaky                        Step                      // fails now and then
	FlakyFlat                    Step                      // x becomes 3x, 3x+1, 3x+2, and fails now and then before one of them
	Doze                         Step                      // takes up to a tick, at random
	Watch, WatchFlat             Step                      // notes when x begins and ends, and takes up to a tick
	WorkerIndex                  Step                      // x becomes the index of the worker that had it
	Left, LeftFlat               Step                      // x becomes the ticks left until its context's deadline, or -1
	AwaitCause                   Step                      // waits for its context to end, and fails with the cause
	Drop                         pl.Partial[int, struct{}] // does nothing
	Obey                         Four                      // the functions of Obeying
	ObeyWith                     Four                      // the same with a resource
}

// Four are the four operators over functions that do the same.
type Four struct {
	Map, Filter, FlatMap Step
	Each                 pl.Partial[int, struct{}]
}

// ready has one call a line: where a function is registered by the place of the call, no two share
// one.
func ready(api API) Ready {
	o := Obeying{api.Traits}
	return Ready{
		Same:    api.Map(func(_ context.Context, x int) (int, error) { return x, nil }),
		AddOne:  api.Map(func(_ context.Context, x int) (int, error) { return x + 1, nil }),
		Square:  api.Map(func(_ context.Context, x int) (int, error) { return x * x, nil }),
		Negate:  api.Map(func(_ context.Context, x int) (int, error) { return -x, nil }),
		Odd:     api.Filter(func(_ context.Context, x int) (bool, error) { return x%2 != 0, nil }),
		Never:   api.Filter(func(context.Context, int) (bool, error) { return false, nil }),
		Triple:  api.FlatMap(triple),
		Few:     api.FlatMap(few),
		Brittle: api.Map(func(_ context.Context, x int) (int, error) { return x, brittle(x) }),
		BrittleFlat: api.FlatMap(func(_ context.Context, x int, yield func(int) bool) error {
			if !yield(x) || brittle(x) != nil {
				return brittle(x)
			}
			yield(x + 1)
			return nil
		}),
		Flaky: api.Map(func(_ context.Context, x int) (int, error) { return x, flaky(x) }),
		FlakyFlat: api.FlatMap(func(_ context.Context, x int, yield func(int) bool) error {
			for i := range 3 {
				if err := flaky(x); err != nil || !yield(3*x+i) {
					return err
				}
			}
			return nil
		}),
		Doze: api.Map(func(ctx context.Context, x int) (int, error) {
			return x, api.Sleep(ctx, rand.N(api.Tick/5+time.Nanosecond))
		}),
		Watch: api.Map(func(ctx context.Context, x int) (int, error) { return x, watch(ctx, api, x) }),
		WatchFlat: api.FlatMap(func(ctx context.Context, x int, yield func(int) bool) error {
			defer yield(x)
			yield(x)
			return watch(ctx, api, x)
		}),
		WorkerIndex: api.Map(func(ctx context.Context, _ int) (int, error) {
			return pl.WorkerFrom(ctx).Index, api.Sleep(ctx, api.Tick/20)
		}),
		Left: api.Map(func(ctx context.Context, _ int) (int, error) { return left(ctx, api.Tick), nil }),
		LeftFlat: api.FlatMap(func(ctx context.Context, _ int, yield func(int) bool) error {
			yield(left(ctx, api.Tick))
			return nil
		}),
		AwaitCause: api.Map(func(ctx context.Context, x int) (int, error) {
			note("begin %d", x)
			_ = api.Sleep(ctx, 1_000_000*api.Tick)
			note("ended %v: %v", ctx.Err(), context.Cause(ctx))
			return x, context.Cause(ctx)
		}),
		Drop: api.Each(func(context.Context, int) error { return nil }),
		Obey: Four{
			Map:     api.Map(o.Map),
			Filter:  api.Filter(o.Filter),
			FlatMap: api.FlatMap(o.FlatMap),
			Each:    api.Each(o.Each),
		},
		ObeyWith: Four{
			Map:     api.MapWith(o.resource(), o.MapWith),
			Filter:  api.FilterWith(o.resource(), o.FilterWith),
			FlatMap: api.FlatMapWith(o.resource(), o.FlatMapWith),
			Each:    api.EachWith(o.resource(), o.EachWith),
		},
	}
}

// left is how many ticks are left until the deadline of ctx, rounded up; -1 if it has none.
func left(ctx context.Context, tick time.Duration) int {
	due, ok := ctx.Deadline()
	if !ok {
		return -1
	}
	return int((time.Until(due) + tick - 1) / tick)
}

func brittle(x int) error {
	if x%5 == 0 {
		return &BrokenError{x}
	}
	return nil
}

func flaky(x int) error {
	if rand.IntN(3) == 0 {
		return &BrokenError{x}
	}
	return nil
}

func triple(_ context.Context, x int, yield func(int) bool) error {
	_ = yield(3*x) && yield(3*x+1) && yield(3*x+2)
	return nil
}

func few(_ context.Context, x int, yield func(int) bool) error {
	for range ((x % 3) + 3) % 3 {
		if !yield(x) {
			return nil
		}
	}
	return nil
}

// operator is one of the four, so that a check can go through all of them.
type operator struct {
	name string
	on   func(s pl.Stage[int], opts ...pl.Option) pl.Runnable
}

func (f Four) operators() []operator {
	step := func(p Step) func(pl.Stage[int], ...pl.Option) pl.Runnable {
		return func(s pl.Stage[int], opts ...pl.Option) pl.Runnable { return p(s).With(opts...) }
	}
	return []operator{
		{"Map", step(f.Map)},
		{"Filter", step(f.Filter)},
		{"FlatMap", step(f.FlatMap)},
		{"Each", func(s pl.Stage[int], opts ...pl.Option) pl.Runnable { return f.Each(s).With(opts...) }},
	}
}

func watch(ctx context.Context, api API, x int) error {
	note("begin %d", x)
	defer note("end %d", x)
	return api.Sleep(ctx, rand.N(api.Tick/5+time.Nanosecond))
}
