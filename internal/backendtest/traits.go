package backendtest

import (
	"context"
	"time"
)

// Traits are what a check must know of a backend: what it can do, how its resources are counted,
// and how its functions wait.
type Traits struct {
	Name string

	Apart       bool // functions run in goroutines of their own, so that Goexit ends them and not the loop
	Here        bool // functions run in this process: they share the test's memory, and its virtual time
	Concurrent  bool // Workers(n) run together
	PerWorker   bool // every worker opens a resource of its own; else the stage opens Resources
	Resources   int  // that the stage opens, as far as it has as many workers; 0: one
	Eager       bool // every worker opens its resource, needed or not; else at least one does
	Queued      bool // stages have input queues; else a value is pulled when it is asked for
	Abandons    bool // a function that ignores its context cannot hold up a run that has a Timeout
	Kills       bool // what timed out was killed, and could not close its resource
	Encodes     bool // values are encoded and decoded on their way to the function and back
	Slots       int  // if not 0: of so many places elsewhere each opens at most one resource; errors name no worker
	KeepsErrors bool // the user's error arrives as it is; else as text, and as the sentinels registered
	// Foreign functions are another program's: they get a value alone, no context and no resource;
	// one that panics or calls Goexit is a process that has died, and the first call of one takes
	// as long as the program's start.
	Foreign bool

	// Tick is the unit of the functions' durations: far more than a machine needs for a value, even
	// a busy one. Virtual ticks cost nothing.
	Tick time.Duration

	// Sleep waits inside a function under test.
	Sleep func(ctx context.Context, d time.Duration) error
	// Await calls f, which may block, inside a function under test.
	Await func(ctx context.Context, f func(ctx context.Context) (int, error)) (int, error)
}

const tick = 25 * time.Millisecond

// The traits of this module's backends.
var (
	Serial = Traits{
		Name: "serial", Here: true, KeepsErrors: true,
		Tick: tick, Sleep: sleep, Await: await,
	}
	Thread = Traits{
		Name: "thread", Apart: true, Here: true, Concurrent: true, PerWorker: true, Eager: true, Queued: true, Abandons: true,
		KeepsErrors: true, Tick: tick, Sleep: sleep, Await: await,
	}
	Process = Traits{
		Name: "process", Apart: true, Concurrent: true, PerWorker: true, Queued: true, Abandons: true, Kills: true,
		Encodes: true, Tick: tick, Sleep: sleep, Await: await,
	}
	Command = Traits{
		Name: "command", Apart: true, Concurrent: true, PerWorker: true, Queued: true, Abandons: true, Kills: true,
		Foreign: true, Tick: 2 * tick, Sleep: sleep, Await: await,
	}
)

// Cluster has the traits of package cluster, with so many slots in all its workers.
func Cluster(slots int) Traits {
	return Traits{
		Name: "cluster", Apart: true, Concurrent: true, Queued: true, Abandons: true, Slots: slots, Encodes: true,
		Tick: tick, Sleep: sleep, Await: await,
	}
}

// workers are the numbers by which errors may name one of the first n workers.
func (tr Traits) workers(n int) []int {
	if tr.Slots > 0 {
		return []int{-1}
	}
	return numbers(n)
}

// Task has the traits of package task, whose functions give their loop up only in its own Sleep and
// Await.
func Task(
	sleep func(ctx context.Context, d time.Duration) error,
	await func(ctx context.Context, f func(ctx context.Context) (int, error)) (int, error),
) Traits {
	return Traits{
		Name: "task", Apart: true, Here: true, Concurrent: true, Queued: true, KeepsErrors: true,
		Tick: tick, Sleep: sleep, Await: await,
	}
}

// needs are the traits that a check cannot do without.
type needs uint

const (
	here needs = 1 << iota
	concurrent
	queued
	abandons
	apart
	native // not Foreign
	timed  // workers are here, or where the times of each can be seen

	nothing needs = 0
)

func (tr Traits) has(n needs) bool {
	return (n&here == 0 || tr.Here) && (n&concurrent == 0 || tr.Concurrent) &&
		(n&queued == 0 || tr.Queued) && (n&abandons == 0 || tr.Abandons) &&
		(n&apart == 0 || tr.Apart) && (n&native == 0 || !tr.Foreign) &&
		(n&timed == 0 || tr.Slots == 0)
}

// opens says how many resources a stage of so many workers opens, at least and at most.
func (tr Traits) opens(workers int) (least, most int) {
	switch {
	case tr.Foreign:
		return 0, workers // beside the functions of another backend, which do have resources
	case tr.Slots > 0:
		return 0, tr.Slots
	case !tr.PerWorker:
		n := min(max(1, tr.Resources), workers)
		return n, n
	case tr.Eager:
		return workers, workers
	}
	return 1, workers
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func await(ctx context.Context, f func(ctx context.Context) (int, error)) (int, error) { return f(ctx) }

// receive waits for a value of ch inside a function under test, or for ch to be closed.
func receive[T any](ctx context.Context, api API, ch <-chan T) error {
	_, err := api.Await(ctx, func(ctx context.Context) (int, error) {
		select {
		case <-ch:
			return 0, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
	return err
}
