package inflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"

	"github.com/gopeln/pl/bench/measure"
)

// waiting is how many values wait while the memory is looked at.
const waiting = 100_000

// memory prints the bytes that a value takes while it waits, in gopeln and as a goroutine.
func memory(w io.Writer) error {
	t := measure.Table{
		Title: fmt.Sprintf("memory, stacks included, of each of %d values that wait", waiting),
		Head:  []string{"", "bytes"},
	}
	for _, c := range []struct {
		name  string
		start func(ctx context.Context, arrived func()) (end func())
	}{
		{oursName + ", Sleep", tasksWait},
		{"goroutine, select on timer and context", goroutinesWait},
	} {
		var bytes float64
		for range 2 { // the runtime keeps what describes a goroutine for the next one: the first round pays for it
			var err error
			if bytes, err = bytesPerValue(c.start); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		t.Add(c.name, fmt.Sprintf("%.0f", bytes))
	}
	return t.Write(w)
}

// bytesPerValue lets start bring up values that wait until ctx ends, and call arrived each. end
// waits for them.
func bytesPerValue(start func(ctx context.Context, arrived func()) (end func())) (float64, error) {
	ctx, cancel := context.WithCancel(context.Background())
	var arrived atomic.Int64
	before := inUse()
	end := start(ctx, func() { arrived.Add(1) })
	defer end()
	defer cancel()
	for deadline := time.Now().Add(time.Minute); arrived.Load() < waiting; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return 0, errors.New("after a minute not all values wait")
		}
	}
	return float64(inUse()-before) / waiting, nil
}

// inUse is the memory of heap and stacks after the garbage has gone.
func inUse() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func tasksWait(ctx context.Context, arrived func()) (end func()) {
	step := task.Each(func(ctx context.Context, _ int) error {
		arrived()
		return task.Sleep(ctx, time.Hour)
	}, pl.Workers(waiting))
	var running sync.WaitGroup
	running.Go(func() {
		_ = step(pl.Range(waiting)).Run(ctx) // fails with the end of ctx, as it shall
	})
	return running.Wait
}

func goroutinesWait(ctx context.Context, arrived func()) (end func()) {
	var running sync.WaitGroup
	for range waiting {
		running.Go(func() {
			timer := time.NewTimer(time.Hour)
			defer timer.Stop()
			arrived()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		})
	}
	return running.Wait
}
