package backendtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

var limitChecks = []check{
	{"IsAskedOnceForEachAttempt", nothing, limitAsked},
	{"InEveryOperator", nothing, limitEverywhere},
	{"SpacesTheAttempts", nothing, limitSpaces},
	{"IsExact", here, limitExact},
	{"LetsValuesInInTheOrderOfArrival", nothing, limitOrder},
	{"RetriesWaitToo", here, limitRetries},
	{"DoesNotCountTowardTimeout", nothing, limitTimeout},
	{"EndsWithTheRun", nothing, limitEnds},
	{"AnErrorFailsTheRun", nothing, limitFails},
	{"APanicFailsTheRun", nothing, limitPanics},
	{"GoexitFailsTheRun", here | apart, limitExits},
	{"IsSharedByStages", here, limitShared},
	{"LetsOthersGoOnMeanwhile", concurrent, limitLetsOthersGoOn},
	{"WithAnOrderedDownstream", nothing, limitOrdered},
	{"OnlyAsManyValuesAsWorkersWait", queued, limitHolds},
	{"WithEverythingElse", here, limitWithAll},
}

// every is a limiter that lets one caller in per tick; it counts them.
type every struct {
	tick time.Duration

	mu    sync.Mutex
	last  time.Time
	calls int
	now   int // callers that wait
	most  int
}

func (l *every) Wait(ctx context.Context) error {
	l.mu.Lock()
	l.calls++
	l.now++
	l.most = max(l.most, l.now)
	at := l.last.Add(l.tick)
	if now := time.Now(); at.Before(now) {
		at = now
	}
	l.last = at
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now--
	}()
	return sleep(ctx, time.Until(at))
}

// limiterFunc is a limiter as a function.
type limiterFunc func(ctx context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func limitAsked(t *testing.T, api API) {
	for _, workers := range []int{1, 4} {
		Keep(t)
		l := &every{}
		list := []int{0, 1, FailOnce, 2, Fail, FailForGood}
		s := api.Obey.Map(pl.FromSlice(list)).With(pl.Limit(l), pl.Workers(workers), pl.Retry(3, nil), pl.OnError(pl.Skip))
		SameValues(t, []int{0, 1, FailOnce, 2}, mustCollect(t, api, s))
		assert.Equal(t, 3+2+3+1, l.calls)
		assert.Equal(t, 1, l.most, "by one at a time")
	}
	l := &every{}
	require.NoError(t, run(t, api, api.Obey.Map(pl.From[int]()).With(pl.Limit(l), pl.Workers(3))))
	assert.Zero(t, l.calls)
}

func limitEverywhere(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		journal := Keep(t)
		l := &every{}
		require.NoError(t, run(t, api, op.on(pl.Range(20), pl.Limit(l), pl.Workers(3), pl.MaxSize(1))), op.name)
		assert.Equal(t, 20, l.calls, op.name)
		assert.Equal(t, 20, journal.Count("begin"), op.name)
		journal.opened(api, 3)
	}
}

func limitSpaces(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		l := &every{tick: api.Tick}
		start := time.Now()
		got := mustCollect(t, api, api.Same(pl.Range(6)).With(pl.Limit(l), pl.Workers(workers)))
		SameValues(t, numbers(6), got)
		assert.GreaterOrEqual(t, time.Since(start), 5*api.Tick)
	}
}

func limitExact(t *testing.T, api API) {
	for _, workers := range []int{1, 4} {
		l := &every{tick: api.Tick}
		var mu sync.Mutex
		var begun []time.Duration
		start := time.Now()
		f := func(ctx context.Context, x int) (int, error) {
			mu.Lock()
			begun = append(begun, time.Since(start))
			mu.Unlock()
			return x, api.Sleep(ctx, api.Tick/2)
		}
		mustCollect(t, api, api.Map(f, pl.Limit(l), pl.Workers(workers), pl.MaxSize(2))(pl.Range(10)))
		for i, at := range begun {
			assert.Equal(t, time.Duration(i)*api.Tick, at)
		}
	}
}

func limitOrder(t *testing.T, api API) {
	for _, workers := range []int{1, 5} {
		journal := Keep(t)
		l := &every{tick: api.Tick / 8}
		s := api.Obey.Map(pl.FromSeq(slices.Values(numbers(40)))).With(pl.Limit(l), pl.Workers(workers), pl.MaxSize(7))
		SameValues(t, numbers(40), mustCollect(t, api, s))
		var want []string
		for i := range 40 {
			want = append(want, fmt.Sprintf("begin %d", i))
		}
		if api.Here {
			assert.Equal(t, want, journal.Entries("begin"))
		} else {
			assert.ElementsMatch(t, want, journal.Entries("begin"))
		}
	}
}

func limitRetries(t *testing.T, api API) {
	l := &every{tick: api.Tick}
	start := time.Now()
	wait := func(int) time.Duration { return api.Tick / 2 }
	_, err := collect(t, api, api.Obey.Map(pl.From(Fail)).With(pl.Limit(l), pl.Retry(4, wait), pl.Timeout(api.Tick/4)))
	isBroken(t, api, err)
	assert.Equal(t, 3*api.Tick, time.Since(start), "the limiter's wait begins after Retry's")
}

func limitTimeout(t *testing.T, api API) {
	l := &every{tick: 6 * api.Tick}
	s := api.Same(pl.Range(3)).With(pl.Limit(l), pl.Timeout(3*api.Tick), pl.Workers(2))
	SameValues(t, numbers(3), mustCollect(t, api, s))
}

func limitEnds(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		forever := limiterFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		ctx, cancel := context.WithTimeoutCause(api.context(t), api.Tick, errGone)
		before := Hold()
		err := api.Same(pl.Range(10)).With(pl.Limit(forever), pl.Workers(workers)).Run(ctx)
		cancel()
		assert.Equal(t, errGone, err)
		before.Check(t)

		l := &every{tick: time.Hour}
		assert.Equal(t, []int{0}, first(t, api, 1, api.Same(pl.Range(10)).With(pl.Limit(l), pl.Workers(workers))))
	}
}

func limitFails(t *testing.T, api API) {
	errQuota := errors.New("no quota")
	n := 0
	l := limiterFunc(func(context.Context) error {
		if n++; n == 3 {
			return errQuota
		}
		return nil
	})
	s := api.Same(pl.Range(10)).With(pl.Name("asker"), pl.Limit(l), pl.Retry(3, nil), pl.OnError(pl.Skip), pl.KeepGoing(0))
	_, err := collect(t, api, s)
	assert.ErrorIs(t, err, errQuota)
	assert.ErrorContains(t, err, "asker")
	assert.ErrorContains(t, err, "Limit")
	assert.Equal(t, 3, n)
}

func limitPanics(t *testing.T, api API) {
	l := limiterFunc(func(context.Context) error { panic("bad limiter") })
	for _, workers := range []int{1, 2} {
		s := api.Same(pl.Range(10)).With(pl.Limit(l), pl.Retry(3, nil), pl.OnError(pl.Skip), pl.KeepGoing(0), pl.Workers(workers))
		_, err := collect(t, api, s)
		panicked, ok := errors.AsType[*pl.PanicError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "bad limiter", panicked.Value)
	}
}

func limitExits(t *testing.T, api API) {
	l := limiterFunc(func(context.Context) error { runtime.Goexit(); return nil })
	_, err := collect(t, api, api.Same(pl.Range(10)).With(pl.Limit(l), pl.Workers(2)))
	assert.ErrorContains(t, err, "Goexit")
}

func limitShared(t *testing.T, api API) {
	l := &every{tick: api.Tick}
	start := time.Now()
	s := api.AddOne(api.AddOne(pl.Range(5)).With(pl.Limit(l))).With(pl.Limit(l))
	assert.Equal(t, []int{2, 3, 4, 5, 6}, mustCollect(t, api, s))
	assert.Equal(t, 10, l.calls)
	assert.Equal(t, 9*api.Tick, time.Since(start))
}

// limitLetsOthersGoOn has one stage wait for its limiter, while another of the same backend works.
func limitLetsOthersGoOn(t *testing.T, api API) {
	open := make(chan struct{})
	l := limiterFunc(func(ctx context.Context) error {
		select {
		case <-open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	limited := api.Same(pl.Range(3)).With(pl.Limit(l), pl.Workers(2))
	free := api.Triple(pl.Range(4))
	n := 0
	for x, err := range pl.Concat(limited, free).All(api.context(t)) {
		require.NoError(t, err)
		if n++; n == 12 {
			close(open)
		}
		assert.Less(t, x, 12)
	}
	assert.Equal(t, 15, n)
}

func limitOrdered(t *testing.T, api API) {
	s := api.Triple(pl.Range(30)).With(pl.Limit(&every{}), pl.Workers(4), pl.MaxSize(3))
	assert.Equal(t, tripled(numbers(30)), mustCollect(t, api, pl.OrderedWindow[int](5)(s)))
}

func limitHolds(t *testing.T, api API) {
	var read atomic.Int64
	hang := limiterFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	s := api.Same(tallied(&read, numbers(100))).With(pl.Limit(hang), pl.Workers(2), pl.MaxSize(3))
	api.stuck(t, s, func() { assert.LessOrEqual(t, read.Load(), int64(2+3+1)) })
}

func limitWithAll(t *testing.T, api API) {
	journal := Keep(t)
	o, tr := Obeying{api.Traits}, newTrouble(api)
	l := &every{tick: api.Tick / 10}
	p := api.MapWith(o.resource(), tr.f, pl.Workers(3), pl.MaxSize(2), pl.Timeout(3*api.Tick), pl.Limit(l),
		pl.Retry(3, func(int) time.Duration { return api.Tick }))
	assert.Equal(t, numbers(60), skimmed(t, api, pl.Ordered(p(pl.Range(60)))))
	attempts := 0
	for _, n := range tr.try {
		attempts += n
	}
	assert.Equal(t, attempts, l.calls)
	assert.Equal(t, 1, l.most)
	api.settle()
	journal.closed(0)
}
