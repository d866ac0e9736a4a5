// Command orders keeps the books of many accounts: it applies a log of orders, those of an account
// one after the other and others beside them, at most so many a second. Orders that cannot be
// applied become dead letters. On Ctrl-C or SIGTERM it stops reading and finishes what it has read.
// Started again, it goes on where it was, even after a SIGKILL, and each order counts once.
//
//	go run ./examples/orders -dir ~/orders
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/thread"
)

func main() {
	log.SetFlags(0)
	var s settings
	flag.StringVar(&s.dir, "dir", "", "folder of the log and the books; default: a temporary one")
	flag.IntVar(&s.orders, "orders", 20_000, "orders of the log, which is made if there is none")
	flag.IntVar(&s.rate, "rate", 5000, "orders a second, at most")
	show := views.Flags(flag.CommandLine)
	flag.Parse()
	stop, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(stop, release) // a second Ctrl-C ends the program at once
	stop, hide, err := show.Watch(stop)
	defer hide()
	if err == nil {
		err = run(stop, os.Stdout, s)
	}
	if err != nil {
		log.Fatalln("orders:", err)
	}
}

// settings are what the flags set.
type settings struct {
	dir          string
	orders, rate int
}

// run applies what of the log is not applied yet, until stop ends.
func run(stop context.Context, w io.Writer, s settings) (err error) {
	if s.orders < 1 || s.rate < 1 {
		return errors.New("-orders and -rate must be at least 1")
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "orders"); err != nil {
			return err
		}
	}
	name := filepath.Join(s.dir, "log")
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		if err := generate(name, s.orders); err != nil {
			return err
		}
	}
	b, err := openBooks(s.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	applied := pl.Pipe3(read(name, b.offset),
		thread.Map(b.apply, pl.Workers(32), pl.MaxSize(256),
			pl.ByKey(Order.account), pl.Limit(newPace(s.rate)), pl.OnError(b.refuse)),
		pl.OrderedWindow[int64](1024), // so that there is no gap before an offset
		pl.Batch[int64](100, 50*time.Millisecond))
	for offsets, err := range applied.All(pl.Drain(context.WithoutCancel(stop), stop, 10*time.Second)) {
		if err != nil {
			return err
		}
		if err := b.commit(offsets[len(offsets)-1]); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "%s: %v\n", s.dir, b)
	if stop.Err() != nil {
		fmt.Fprintln(w, "stopped; start it again to go on")
	}
	return nil
}

// pace lets one caller through each tick, as a *rate.Limiter of golang.org/x/time does. Limit calls
// it for one order at a time.
type pace struct {
	tick time.Duration
	next time.Time
}

func newPace(rate int) *pace { return &pace{tick: time.Second / time.Duration(rate)} }

func (p *pace) Wait(ctx context.Context) error {
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	turn := time.NewTimer(p.next.Sub(now))
	defer turn.Stop()
	p.next = p.next.Add(p.tick)
	select {
	case <-turn.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
