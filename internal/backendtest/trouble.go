package backendtest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl"
)

// Law 3 where everything goes wrong at once: every value still arrives exactly once.

var troubleChecks = []check{
	{"EveryValueOnceUnderRetry", here, onceUnderRetry},
	{"EveryValueOnceOrDropped", here, onceOrDropped},
	{"ChildrenOnceUnderRetryAndInOrder", here, childrenOnce},
}

// trouble counts the attempts at each value, and makes the first ones go wrong in one way or
// another.
type trouble struct {
	api API
	mu  sync.Mutex
	try map[int]int
}

func (tr *trouble) attempt(x int) int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.try[x]++
	return tr.try[x]
}

// orders are what goes wrong, by what is left of x divided by their number.
func (tr *trouble) orders() []int {
	all := []int{0, Nap, Fail, Panic, PanicError, Hang}
	if tr.api.Apart {
		all = append(all, Exit)
	}
	if tr.api.Abandons {
		all = append(all, Ignore)
	}
	return all
}

func (tr *trouble) f(ctx context.Context, h *Handle, x int) (int, error) {
	o := Obeying{tr.api.Traits}
	if err := o.usable(ctx, h); err != nil {
		return 0, err
	}
	if tr.attempt(x) <= x%3 {
		_, err := o.Map(ctx, tr.orders()[x%len(tr.orders())])
		return x, err
	}
	return x, nil
}

func newTrouble(api API) *trouble { return &trouble{api: api, try: map[int]int{}} }

func onceUnderRetry(t *testing.T, api API) {
	for _, workers := range []int{1, 4} {
		for _, size := range []int{0, 1, 20} {
			journal := Keep(t)
			o, tr := Obeying{api.Traits}, newTrouble(api)
			p := api.MapWith(o.resource(), tr.f, pl.Workers(workers), pl.MaxSize(size), pl.Timeout(3*api.Tick),
				pl.Retry(3, func(int) time.Duration { return api.Tick }))
			got := skimmed(t, api, api.Doze(p(pl.Range(150))).With(pl.MaxSize(size)))
			SameValues(t, numbers(150), got, "%d workers, MaxSize(%d)", workers, size)
			api.settle()
			journal.closed(0)
		}
	}
}

func onceOrDropped(t *testing.T, api API) {
	journal := Keep(t)
	o, tr := Obeying{api.Traits}, newTrouble(api)
	var mu sync.Mutex
	var dropped []int
	h := func(_ context.Context, e *pl.StageError) error {
		mu.Lock()
		defer mu.Unlock()
		dropped = append(dropped, e.Item.(int))
		return nil
	}
	p := api.MapWith(o.resource(), tr.f, pl.Workers(3), pl.MaxSize(2), pl.Timeout(3*api.Tick), pl.Retry(2, nil), pl.OnError(h))
	got := skimmed(t, api, pl.Ordered(p(pl.Range(150))))
	assert.True(t, slices.IsSorted(got))
	SameValues(t, numbers(150), append(got, dropped...))
	assert.NotEmpty(t, dropped)
	api.settle()
	journal.closed(0)
}

func childrenOnce(t *testing.T, api API) {
	tr := newTrouble(api)
	f := func(ctx context.Context, x int, yield func(int) bool) error {
		n := tr.attempt(x)
		for i := range 3 {
			if n <= 2 && i == n {
				_, err := Obeying{api.Traits}.Map(ctx, tr.orders()[2+x%(len(tr.orders())-2)])
				return err
			}
			if !yield(3*x + i) {
				return nil
			}
		}
		return nil
	}
	for _, window := range []int{0, 1, 5} {
		tr.try = map[int]int{}
		p := api.FlatMap(f, pl.Workers(4), pl.MaxSize(2), pl.Timeout(3*api.Tick), pl.Retry(4, nil))
		got := skimmed(t, api, pl.OrderedWindow[int](window)(p(pl.Range(60))))
		assert.Equal(t, tripled(numbers(60)), got, "window of %d", window)
		api.settle()
	}
}
