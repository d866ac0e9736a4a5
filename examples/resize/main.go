// Command resize is a server that makes small pictures. Its decoders run in subprocesses that stay,
// and that pl.Func calls like a function: a picture that crashes its decoder, or one that never
// ends, costs its own request and no other.
//
//	go run ./examples/resize
//	curl --data-binary @large.jpg http://localhost:8080/ >small.png
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/examples/internal/picture"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/process"
)

// shrinkAll is made before main, so that a worker process finds it.
var shrinkAll = process.MapWith(picture.Encoder, picture.Shrink,
	pl.Workers(runtime.NumCPU()), pl.MaxSize(64), pl.Timeout(2*time.Second))

func main() {
	process.Main()
	log.SetFlags(0)
	address := flag.String("addr", "localhost:8080", "where to listen")
	show := views.Flags(flag.CommandLine)
	flag.Parse()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release) // a second Ctrl-C ends the program at once
	ctx, hide, err := show.Watch(ctx)
	defer hide()
	var l net.Listener
	if err == nil {
		l, err = net.Listen("tcp", *address)
	}
	if err == nil {
		log.Printf("curl --data-binary @large.jpg http://%v/ >small.png", l.Addr())
		err = serve(ctx, l)
	}
	if err != nil {
		log.Fatalln("resize:", err)
	}
}

// serve answers requests until ctx ends, and then those that are under way.
func serve(ctx context.Context, l net.Listener) error {
	shrink, stop := pl.Func(context.WithoutCancel(ctx), shrinkAll)
	server := &http.Server{Handler: resizer(shrink), ReadHeaderTimeout: 10 * time.Second}
	answered := make(chan error, 1)
	unfollow := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		answered <- server.Shutdown(grace)
	})
	err := server.Serve(l)
	if unfollow() { // it ended by itself
		return errors.Join(err, stop())
	}
	return errors.Join(<-answered, stop())
}

// resizer answers a picture with a small one.
func resizer(shrink func(ctx context.Context, picture []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		large, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		small, err := shrink(r.Context(), large)
		if e, ok := errors.AsType[*pl.StageError](err); ok && e.Item != nil { // the picture is to blame
			http.Error(w, picture.Reason(e.Err), http.StatusUnprocessableEntity)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(small) // else the client has gone
	})
}
