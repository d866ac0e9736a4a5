package command

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
)

// worker keeps one process of a command running. It is used by one goroutine.
type worker[A, B any] struct {
	protocol Protocol[A, B]
	argv     []string
	env      []string
	recycle  int // 0: never
	site     *pl.Site
	starter  *child.Starter

	current *program // nil: none is running
	served  int      // answers of current
	buffer  []byte   // of a request

	retired sync.WaitGroup // processes that were replaced in an orderly way
	mu      sync.Mutex
	surplus error // of one of them
}

// handle is the worker's kernel.
func (w *worker[A, B]) handle(ctx context.Context, in A, emit func(B) bool) error {
	request, err := w.protocol.request(w.buffer[:0], in)
	if err != nil {
		return err
	}
	if w.buffer = request; cap(request) > 1<<20 {
		w.buffer = nil // the value was very large
	}
	text, err := w.ask(ctx, request)
	if err != nil {
		return err
	}
	out, err := w.protocol.answer(text)
	if w.recycle > 0 && w.served >= w.recycle {
		w.retire()
	}
	if err != nil {
		return err
	}
	emit(out)
	return nil
}

// ask sends a request to the process and returns the answer. Another process gets it if the one at hand has ended
// without having read it, but a process that has just been started has no such excuse.
func (w *worker[A, B]) ask(ctx context.Context, request []byte) ([]byte, error) {
	for {
		if w.current != nil && w.current.isDead() {
			w.discard(w.current.close)
		}
		proven := w.current != nil && w.served > 0
		if w.current == nil {
			p, err := start(w.site, w.starter, w.argv, w.env)
			if err != nil {
				return nil, err
			}
			w.current, w.served = p, 0
		}
		text, unread, err := w.exchange(ctx, request)
		if !unread || !proven || ctx.Err() != nil {
			return text, err
		}
	}
}

// exchange sends a request and returns the answer. After an error there is no current process. unread says that the
// process has ended before it had the request.
func (w *worker[A, B]) exchange(ctx context.Context, request []byte) (text []byte, unread bool, err error) {
	p := w.current
	if w.site.Timeout() > 0 {
		alive := context.AfterFunc(ctx, p.group.Kill)
		defer func() {
			if !alive() && w.current != nil { // it is being killed
				w.discard(p.kill)
			}
		}()
	}
	if p.surplus() {
		return nil, false, w.refuse("before it was asked")
	}
	wait, err := send(p, request)
	if err != nil {
		return nil, true, w.broken(ctx, err, wait)
	}
	if text, err = w.protocol.receive(p.answers); err != nil {
		unread = child.Unread(p.in) >= len(request)
		return nil, unread, w.broken(ctx, err, wait)
	}
	if err := wait(); err != nil {
		return nil, false, w.broken(ctx, err, wait)
	}
	w.served++
	// What comes later is found before the next request: to ask the system twice for each value would show.
	if p.answers.Buffered() > 0 || w.served == 1 && p.watch() {
		return nil, false, w.refuse("more than once")
	}
	return text, false, nil
}

// send sends a request. If that may have to wait for the process to read, which may itself wait until its answer is
// read, it happens beside; wait waits for it.
func send(p *program, request []byte) (wait func() error, err error) {
	if len(request) <= pipeRoom {
		_, err := p.in.Write(request)
		return func() error { return nil }, err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := p.in.Write(request)
		sent <- err
	}()
	return sync.OnceValue(func() error { return <-sent }), nil
}

// broken is the error of a value whose exchange has failed. It ends the process.
func (w *worker[A, B]) broken(ctx context.Context, cause error, wait func() error) error {
	p := w.current
	var exit *ExitError
	if errors.Is(cause, errTooLong) {
		p.group.Kill()
	}
	w.discard(func() { exit = p.exit() })
	_ = wait() // the process is gone, so it does not last
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(cause, errTooLong):
		return fmt.Errorf("%s (process %d): %w", shown(w.argv), exit.PID, cause)
	}
	return exit
}

// refuse is the error of the value at hand when the process has answered what it was not asked. It ends the process.
func (w *worker[A, B]) refuse(how string) error {
	p := w.current
	w.discard(p.kill)
	return fmt.Errorf("%s (process %d) answered %s; it must give one answer for each value, and flush it",
		shown(w.argv), p.group.PID(), how)
}

// discard gives the process up, which end ends.
func (w *worker[A, B]) discard(end func()) {
	end()
	w.current = nil
}

// retire lets the process end beside the work of the next one.
func (w *worker[A, B]) retire() {
	p := w.current
	w.current = nil
	w.retired.Add(1)
	w.site.Background(func() {
		defer w.retired.Done()
		w.finish(p)
	})
}

// finish lets a process end, and keeps the error if it has answered too much.
func (w *worker[A, B]) finish(p *program) {
	if p.finish() == 0 || w.site.Context().Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.surplus = fmt.Errorf("%s (process %d) answered more than it was asked, so that answers may have been taken for others",
		shown(w.argv), p.group.PID())
}

// close ends the worker.
func (w *worker[A, B]) close(context.Context) error {
	if w.current != nil {
		w.finish(w.current)
	}
	w.retired.Wait()
	w.starter.Close()
	return w.surplus
}
