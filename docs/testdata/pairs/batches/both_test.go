package pair

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBatchesByNumberTwoAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sizes []int
		save = func(_ context.Context, pages []Page) error {
			mu.Lock()
			sizes = append(sizes, len(pages))
			mu.Unlock()
			time.Sleep(time.Minute)
			return nil
		}
		pages := make(chan Page, 1000)
		for i := range 450 {
			pages <- Page{i}
		}
		close(pages)
		start := time.Now()
		err := saveAll(t.Context(), pages)
		slices.Sort(sizes)
		if took := time.Since(start); err != nil || !slices.Equal(sizes, []int{50, 100, 100, 100, 100}) || took != 3*time.Minute {
			t.Error(err, sizes, took)
		}
	})
}

func TestBatchesByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var sizes []int
		var when []time.Duration
		save = func(_ context.Context, pages []Page) error {
			sizes, when = append(sizes, len(pages)), append(when, time.Since(start))
			return nil
		}
		pages := make(chan Page)
		go func() {
			defer close(pages)
			for i := range 4 { // at 0.6, 1.2, 1.8 and 2.4 s
				time.Sleep(600 * time.Millisecond)
				pages <- Page{i}
			}
			time.Sleep(time.Minute)
		}()
		err := saveAll(t.Context(), pages)
		want := []time.Duration{1600 * time.Millisecond, 2800 * time.Millisecond}
		if err != nil || !slices.Equal(sizes, []int{2, 2}) || !slices.Equal(when, want) {
			t.Error(err, sizes, when)
		}
	})
}

func TestTheFirstErrorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("the disk is full")
		save = func(context.Context, []Page) error { return full }
		pages := make(chan Page)
		done := make(chan bool)
		go func() {
			for {
				select {
				case pages <- Page{}:
				case <-done:
					return
				}
			}
		}()
		if err := saveAll(t.Context(), pages); !errors.Is(err, full) {
			t.Error(err)
		}
		close(done)
	})
}

func TestTheContextsEndIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		save = func(context.Context, []Page) error { return nil }
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(enough) })
		if err := saveAll(ctx, make(chan Page)); !errors.Is(err, enough) {
			t.Error(err)
		}
	})
}
