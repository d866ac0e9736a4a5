package pair

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func events(users, each int) (all []Event) {
	for number := range each {
		for user := range users {
			all = append(all, Event{fmt.Sprint("user", user), number})
		}
	}
	return all
}

func TestEachUsersEventsAreHandledInOrderAndEightAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		handled := map[string]int{}
		busy := map[string]bool{}
		most := 0
		handle = func(_ context.Context, e Event) error {
			mu.Lock()
			if busy[e.User] || handled[e.User] != e.Number {
				t.Errorf("%v is handled out of turn", e)
			}
			busy[e.User] = true
			most = max(most, len(busy))
			mu.Unlock()
			time.Sleep(rand.N(time.Second))
			mu.Lock()
			defer mu.Unlock()
			handled[e.User]++
			delete(busy, e.User)
			return nil
		}
		if err := handleAll(t.Context(), slices.Values(events(100, 10))); err != nil {
			t.Error(err)
		}
		for user, n := range handled {
			if n != 10 {
				t.Error(user, n)
			}
		}
		if len(handled) != 100 || most > 8 || most < 4 {
			t.Error(len(handled), most)
		}
	})
}

func TestTheFirstErrorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		handle = func(ctx context.Context, e Event) error {
			if e.User == "user4" {
				return gone
			}
			time.Sleep(time.Second)
			return ctx.Err()
		}
		err := handleAll(t.Context(), slices.Values(events(5, 1)))
		if !errors.Is(err, gone) || !strings.Contains(err.Error(), "user4") {
			t.Error(err)
		}
	})
}

func TestTheContextsEndIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handle = func(context.Context, Event) error { time.Sleep(time.Second); return nil }
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(enough) })
		if err := handleAll(ctx, slices.Values(events(100, 100))); !errors.Is(err, enough) {
			t.Error(err)
		}
	})
}

// waitOfAnother is how long an event waits that comes after a burst of another user's.
func waitOfAnother(t *testing.T) (wait time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		handle = func(_ context.Context, e Event) error {
			if e.User == "another" {
				wait = time.Since(start)
			}
			time.Sleep(time.Second)
			return nil
		}
		burst := append(events(1, 100), Event{User: "another"})
		if err := handleAll(t.Context(), slices.Values(burst)); err != nil {
			t.Error(err)
		}
	})
	return wait
}
