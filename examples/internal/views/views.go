// Package views has the flags by which every example shows its runs: -progress in the terminal,
// -monitor in a browser.
package views

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gopeln/pl/monitor"
)

// Views are what the flags ask for.
type Views struct {
	progress bool
	address  string
}

// Flags declares the flags. The Views are right when they have been parsed.
func Flags(set *flag.FlagSet) *Views {
	v := new(Views)
	set.BoolVar(&v.progress, "progress", false, "show the run in the terminal while it goes on")
	set.StringVar(&v.address, "monitor", "", "serve a page about the run at this `address`, such as localhost:8080, while it goes on")
	return v
}

// Watch returns a context whose runs are shown, and what to call when they have ended.
func (v *Views) Watch(ctx context.Context) (watched context.Context, stop func(), err error) {
	stop = func() {}
	if v.address != "" {
		if ctx, stop, err = serve(ctx, v.address); err != nil {
			return ctx, stop, err
		}
	}
	if v.progress {
		log.SetOutput(monitor.Stderr())
		ctx = monitor.Progress(ctx)
	}
	return ctx, stop, nil
}

func serve(ctx context.Context, address string) (watched context.Context, stop func(), err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return ctx, func() {}, fmt.Errorf("-monitor %s: no page can be served there; if the port is in use, take another, or 0 for one that is free: %w",
			address, err)
	}
	log.Printf("the run is shown at http://%v/", l.Addr())
	m := monitor.New()
	server := &http.Server{Handler: m, ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Println("-monitor:", err)
		}
	})
	return m.Watch(ctx), func() {
		_ = server.Close()
		serving.Wait()
	}, nil
}
