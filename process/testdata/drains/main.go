// Program drains ends its source at a signal, and then finishes what is under way.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

var work = process.MapWith(
	pl.OnStart(func(context.Context) (int, error) { return 0, nil }).OnEnd(func(context.Context, int) error {
		fmt.Println("closed")
		return nil
	}),
	func(_ context.Context, _, n int) (int, error) {
		time.Sleep(20 * time.Millisecond)
		return n, nil
	}, pl.Workers(2), pl.MaxSize(2))

func main() {
	process.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var sent atomic.Int64
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := 0; ctx.Err() == nil && yield(i); i++ {
			sent.Add(1)
		}
		return nil
	})
	got := int64(0)
	for _, err := range work(source).All(context.Background()) {
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		if got++; got == 1 {
			fmt.Println("working")
		}
	}
	fmt.Println("drained:", sent.Load() == got)
}
