// Package sample has pipelines to look at, each with a bottleneck planted in it.
package sample

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// Crawl has eight places, a branch, failures, and a bottleneck in the middle: score.
func Crawl(n int) pl.Stage[int] {
	urls := pl.Range(n).With(pl.Name("read urls"))
	fetched := task.Map(func(ctx context.Context, v int) (int, error) {
		if v%97 == 13 {
			return 0, errors.New("dial tcp 198.51.100.7:443: connection refused")
		}
		return v, task.Sleep(ctx, time.Duration(20+v*7919%60)*time.Millisecond)
	}, pl.Name("fetch"), pl.Workers(64), pl.MaxSize(128), pl.OnError(pl.Skip))(urls)
	parsed := stage("parse", 3*time.Millisecond, 4, 64)(fetched)
	scored := stage("score", 11*time.Millisecond, 4, 32)(parsed)
	links := stage("links", 2*time.Millisecond, 2, 64)(parsed)
	return stage("index", 800*time.Microsecond, 2, 64)(pl.Concat(scored, links))
}

// Chain has n stages after its source, each with two workers; the one at a place is the slowest.
func Chain(n, slowest, values int) pl.Stage[int] {
	s := pl.Range(values)
	for i := 1; i < n; i++ {
		took := 300 * time.Microsecond
		if i == slowest {
			took = 8 * time.Millisecond
		}
		s = stage(fmt.Sprintf("step %02d", i), took, 2, 16)(s)
	}
	return s
}

// Named is a pipeline whose stages have these names.
func Named(names []string, values int) pl.Stage[int] {
	s := pl.Range(values)
	for _, name := range names {
		s = stage(name, 2*time.Millisecond, 2, 16)(s)
	}
	return s
}

func stage(name string, took time.Duration, workers, maxSize int) pl.Partial[int, int] {
	return thread.Map(func(ctx context.Context, v int) (int, error) {
		select {
		case <-time.After(took*4/5 + took*time.Duration(v*7919%100)/250):
		case <-ctx.Done():
		}
		return v, ctx.Err()
	}, pl.Name(name), pl.Workers(workers), pl.MaxSize(maxSize))
}
