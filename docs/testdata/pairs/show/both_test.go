package pair

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
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

func TestEightAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetch = func(_ context.Context, url string) (Page, error) { time.Sleep(time.Second); return Page{url}, nil }
		shown := 0
		start := time.Now()
		err := showAll(t.Context(), slices.Values(urls(24)), func(Page) { shown++ })
		if took := time.Since(start); err != nil || shown != 24 || took != 3*time.Second {
			t.Errorf("%v, %d pages in %v; want 24 in 3s", err, shown, took)
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
		err := showAll(t.Context(), slices.Values(urls(1000)), func(Page) {})
		if !errors.Is(err, gone) || !strings.Contains(err.Error(), "page4") {
			t.Error(err)
		}
	})
}

func TestTheContextsEndIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetch = func(ctx context.Context, url string) (Page, error) { time.Sleep(time.Second); return Page{url}, nil }
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(enough) })
		if err := showAll(ctx, slices.Values(urls(1000)), func(Page) {}); !errors.Is(err, enough) {
			t.Error(err)
		}
	})
}
