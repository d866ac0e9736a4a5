package pair

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func urls(n int) (all []string) {
	for i := range n {
		all = append(all, "page"+strconv.Itoa(i))
	}
	return all
}

func TestPagesComeInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		fetch = func(_ context.Context, url string) (Page, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(rand.N(time.Second))
			return Page{url}, nil
		}
		var shown []string
		err := showInOrder(t.Context(), slices.Values(urls(200)), func(p Page) { shown = append(shown, p.URL) })
		if err != nil || !slices.Equal(shown, urls(200)) || most.Load() > 8 {
			t.Error(err, shown, most.Load())
		}
	})
}

func TestPagesAreShownAsTheyCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetch = func(_ context.Context, url string) (Page, error) { time.Sleep(time.Second); return Page{url}, nil }
		start := time.Now()
		var first time.Duration
		err := showInOrder(t.Context(), slices.Values(urls(80)), func(p Page) {
			if p.URL == "page0" {
				first = time.Since(start)
			}
		})
		if err != nil || first != time.Second {
			t.Error(err, first)
		}
	})
}

func TestTheFirstErrorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		fetch = func(ctx context.Context, url string) (Page, error) {
			if url == "page4" {
				return Page{}, gone
			}
			<-ctx.Done()
			return Page{}, ctx.Err()
		}
		err := showInOrder(t.Context(), slices.Values(urls(1000)), func(Page) {})
		if !errors.Is(err, gone) || !strings.Contains(err.Error(), "page4") {
			t.Error(err)
		}
	})
}

func TestTheContextsEndIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetch = func(_ context.Context, url string) (Page, error) { time.Sleep(time.Second); return Page{url}, nil }
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(enough) })
		if err := showInOrder(ctx, slices.Values(urls(1000)), func(Page) {}); !errors.Is(err, enough) {
			t.Error(err)
		}
	})
}

// begunBeforeTheFirst is how many pages are begun while the first one takes its time.
func begunBeforeTheFirst(t *testing.T) (begun int) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int64
		fetch = func(_ context.Context, url string) (Page, error) {
			count.Add(1)
			if url == "page0" {
				time.Sleep(time.Hour)
			}
			return Page{url}, nil
		}
		err := showInOrder(t.Context(), slices.Values(urls(500)), func(p Page) {
			if p.URL == "page0" && begun == 0 {
				begun = int(count.Load())
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	return begun
}
