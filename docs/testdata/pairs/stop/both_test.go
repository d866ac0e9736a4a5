package pair

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// send sends messages until ctx ends, then closes the channel.
func send(ctx context.Context, read *atomic.Int64) <-chan Message {
	messages := make(chan Message)
	go func() {
		for m := Message(0); ; m++ {
			select {
			case messages <- m:
				read.Add(1)
			case <-ctx.Done():
				return
			}
		}
	}()
	return messages
}

func TestWhatWasReadIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, stored atomic.Int64
		handle = func(_ context.Context, m Message) (Result, error) { time.Sleep(time.Second); return Result(m), nil }
		store = func(context.Context, Result) error { time.Sleep(100 * time.Millisecond); stored.Add(1); return nil }
		stop, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		err := consume(t.Context(), stop, send(t.Context(), &read))
		if err != nil || stored.Load() != read.Load() || stored.Load() < 16 {
			t.Errorf("%v: %d read, %d stored", err, read.Load(), stored.Load())
		}
	})
}

func TestAClosedChannelIsAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stored atomic.Int64
		handle = func(_ context.Context, m Message) (Result, error) { return Result(m), nil }
		store = func(context.Context, Result) error { stored.Add(1); return nil }
		messages := make(chan Message, 100)
		for m := range Message(100) {
			messages <- m
		}
		close(messages)
		if err := consume(t.Context(), t.Context(), messages); err != nil || stored.Load() != 100 {
			t.Error(err, stored.Load())
		}
	})
}

func TestTheFirstErrorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int64
		full := errors.New("the disk is full")
		handle = func(_ context.Context, m Message) (Result, error) { return Result(m), nil }
		store = func(_ context.Context, r Result) error {
			if r == 100 {
				return full
			}
			return nil
		}
		if err := consume(t.Context(), t.Context(), send(t.Context(), &read)); !errors.Is(err, full) {
			t.Error(err)
		}
	})
}

func TestTheGraceIsTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int64
		handle = func(ctx context.Context, m Message) (Result, error) { <-ctx.Done(); return 0, context.Cause(ctx) }
		store = func(context.Context, Result) error { return nil }
		stop, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		err := consume(t.Context(), stop, send(t.Context(), &read))
		if took := time.Since(start); err == nil || took != 13*time.Second {
			t.Error(err, took)
		}
	})
}
