package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

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

// ask sends a request to the process and returns the answer. Another process gets it if the one at
// hand has ended without having read it, but a process that has just been started has no such
// excuse.
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

// exchange sends a request and returns the answer. After an error there is no current process.
// unread says that the process has ended before it had the request.
func (w *worker[A, B]) exchange(ctx context.Context, request []byte) (text []byte, unread bool, err error) {
	p := w.current
	if w.site.Timeout() > 0 {
		defer w.limit(ctx)()
	}
	p.asker.Ask(request)
	text, err = w.protocol.receive(p.answers)
	if errors.Is(err, child.ErrUnasked) {
		return nil, false, w.refuse("before it was asked")
	}
	if err != nil {
		unread = child.Unread(p.in) >= len(request)
		sent, broken := w.broken(ctx, err)
		return nil, unread || !sent, broken
	}
	if _, err := p.asker.Sent(); err != nil {
		_, err = w.broken(ctx, err)
		return nil, false, err
	}
	w.served++
	// What comes later is found before the next request.
	if p.answers.Buffered() > 0 || w.served == 1 && p.watch() {
		return nil, false, w.refuse("more than once")
	}
	return text, false, nil
}

// limit lets the exchange with the process fail when the value's time is over. done is to be called
// after it.
func (w *worker[A, B]) limit(ctx context.Context) (done func()) {
	p := w.current
	if due, ok := ctx.Deadline(); ok && p.readUntil(due) == nil && p.in.SetWriteDeadline(due) == nil {
		return func() {} // the end of the run kills the process in any case
	}
	alive := context.AfterFunc(ctx, p.group.Kill)
	return func() {
		if !alive() && w.current != nil { // it is being killed
			w.discard(p.kill)
		}
	}
}

// broken ends the process of an exchange that has failed, and returns the error of its value. sent
// reports whether the request was sent.
func (w *worker[A, B]) broken(ctx context.Context, cause error) (sent bool, err error) {
	p := w.current
	var exit *ExitError
	if due, ok := ctx.Deadline(); ok && errors.Is(cause, os.ErrDeadlineExceeded) && !time.Now().Before(due) {
		p.group.Kill()
		<-ctx.Done()
	}
	if errors.Is(cause, errTooLong) {
		p.group.Kill()
	}
	w.discard(func() { exit = p.exit() })
	sent, _ = p.asker.Sent() // the process is gone, so it does not last
	switch {
	case ctx.Err() != nil:
		return sent, context.Cause(ctx)
	case errors.Is(cause, errTooLong):
		return sent, fmt.Errorf("%s (process %d): %w", shown(w.argv), exit.PID, cause)
	}
	return sent, exit
}

// refuse is the error of the value at hand when the process has answered what it was not asked. It
// ends the process.
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
