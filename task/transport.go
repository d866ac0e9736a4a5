package task

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
)

// Transport wraps next, or http.DefaultTransport if next is nil, so that a request with a task's
// context awaits its response, and each read of the body. Other tasks run meanwhile; otherwise an
// http.Client with it is used in a task like any other. Requests with other contexts go to next
// directly. It is safe for concurrent use if next is.
//
// A response ends with its request's context, and a task's context ends with its stage. To hand a
// body on unread, make the request with context.WithoutCancel.
func Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &transport{next}
}

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	c := current(ctx)
	if c == nil {
		return t.next.RoundTrip(req)
	}
	if err := c.ready(ctx); err != nil {
		if req.Body != nil { // http.RoundTripper's rule, errors included; next would have done it
			_ = req.Body.Close()
		}
		return nil, err
	}
	trip := &trip{next: t.next, req: req}
	resp, err := awaited(ctx, c, trip.run)
	if err != nil {
		trip.settle()
		return nil, err
	}
	if resp == nil || resp.Body == nil { // http.Client checks for these
		return resp, nil
	}
	if _, ok := resp.Body.(io.Writer); !ok { // a body that is a Writer is a connection that has switched protocols
		resp.Body = newBody(ctx, c, resp)
	}
	return resp, nil
}

// CloseIdleConnections calls that of next, if it has one. http.Client calls it.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// trip is a request off the loop. If the task has given it up, the task cannot close the response,
// so the trip does.
type trip struct {
	next    http.RoundTripper
	req     *http.Request
	resp    *http.Response // written by the trip's goroutine before it calls settle
	settled atomic.Bool    // the response has come, or the task has given it up
}

// run sends the request, on a goroutine of the pool.
func (t *trip) run(ctx context.Context) (*http.Response, error) {
	resp, err := t.next.RoundTrip(t.req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	t.resp = resp
	t.settle()
	return resp, nil
}

// settle is called by the trip when the response has come, and by the task when it has given the
// trip up. The second of the two closes the response.
func (t *trip) settle() {
	if t.settled.Swap(true) && t.resp != nil && t.resp.Body != nil {
		_ = t.resp.Body.Close()
	}
}

// The task reads a body in pieces of at least firstRead bytes and at most mostRead, however few
// bytes the caller asks for, since an await costs more than a copy.
const (
	firstRead = 4 << 10
	mostRead  = 32 << 10
)

// body is a response's body. Its task awaits a read, unless what the read needs has been read
// ahead. A read by another caller, such as a child of Gather or a later stage, blocks as usual. As
// with any body, one goroutine at a time may call Read.
type body struct {
	next io.ReadCloser
	ctx  context.Context
	task *valueContext
	buf  []byte
	read []byte // what was read ahead, in buf
	err  error  // what the read that filled read returned

	closed atomic.Bool // Close may be called by any goroutine, also during a Read
}

func newBody(ctx context.Context, task *valueContext, resp *http.Response) *body {
	size := int64(firstRead)
	if resp.ContentLength > 0 {
		size = min(resp.ContentLength, mostRead)
	}
	return &body{next: resp.Body, ctx: ctx, task: task, buf: make([]byte, size)}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(b.read) == 0 && b.err == nil {
		if b.task.mine() != nil {
			return b.next.Read(p)
		}
		b.fill()
	}
	n := copy(p, b.read)
	b.read = b.read[n:]
	if len(b.read) > 0 {
		return n, nil
	}
	return n, b.err
}

// fill reads ahead, into buf. It does not read into the caller's buffer, since a read that is given
// up goes on.
func (b *body) fill() {
	n, err := Await(b.ctx, func(context.Context) (int, error) { return b.next.Read(b.buf) })
	b.read, b.err = b.buf[:n], err
	if n == len(b.buf) && n < mostRead && err == nil {
		b.grow()
	}
}

// grow makes a larger buffer for the next read. What was read ahead remains in the old one.
func (b *body) grow() { b.buf = make([]byte, min(4*len(b.buf), mostRead)) }

// Close implements io.Closer.
func (b *body) Close() error {
	b.closed.Store(true)
	return b.next.Close()
}
