package pair

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// urls are n addresses; asked is how many of them were taken.
func urls(n int, asked *int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			*asked++
			if !yield(fmt.Sprint("page", i)) {
				return
			}
		}
	}
}

func TestEightAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		visit = func(context.Context, string) error { time.Sleep(time.Second); return nil }
		asked := 0
		start := time.Now()
		err := visitAll(t.Context(), urls(24, &asked))
		if took := time.Since(start); err != nil || asked != 24 || took != 3*time.Second {
			t.Errorf("%v, %d pages in %v; want 24 in 3s", err, asked, took)
		}
	})
}

func TestTheFirstErrorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		visit = func(ctx context.Context, url string) error {
			if url == "page4" {
				return gone
			}
			<-ctx.Done()
			return ctx.Err()
		}
		asked := 0
		err := visitAll(t.Context(), urls(1_000_000, &asked))
		if !errors.Is(err, gone) || !strings.Contains(err.Error(), "page4") || asked > 1000 {
			t.Error(err, asked)
		}
	})
}

func TestTheContextsEndIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		visit = func(context.Context, string) error { time.Sleep(time.Second); return nil }
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(enough) })
		asked := 0
		if err := visitAll(ctx, urls(1000, &asked)); !errors.Is(err, enough) {
			t.Error(err)
		}
	})
}
