package task_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

// slowServer is a round tripper that takes its time for the head and for each piece of the body.
type slowServer struct {
	head, piece time.Duration
	pieces      int
	closed      chan string
}

func (s *slowServer) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := pause(req.Context(), s.head); err != nil {
		return nil, err
	}
	body := &slowBody{server: s, ctx: req.Context(), path: req.URL.Path, left: s.pieces}
	return &http.Response{StatusCode: 200, Body: body, Request: req}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type slowBody struct {
	server *slowServer
	ctx    context.Context
	path   string
	left   int
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if err := pause(b.ctx, b.server.piece); err != nil {
		return 0, err
	}
	b.left--
	return copy(p, "piece "), nil
}

func (b *slowBody) Close() error {
	if b.server.closed != nil {
		b.server.closed <- b.path
	}
	return nil
}

func get(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func TestTransportAwaitsHeadAndBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: task.Transport(&slowServer{head: time.Second, piece: time.Second, pieces: 3})}
		fetch := func(ctx context.Context, _ int) (string, error) { return get(ctx, client, "http://host/") }
		start := time.Now()
		got, err := task.Map(fetch, pl.Workers(100))(pl.Range(100)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 100)
		require.Equal(t, "piece piece piece ", got[0])
		require.Equal(t, 4*time.Second, time.Since(start))

		text, err := get(t.Context(), client, "http://host/")
		require.NoError(t, err, "outside a task it is the transport it wraps")
		require.Equal(t, got[0], text)
	})
}

func TestAChildMayReadItsParentsResponse(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		client := &http.Client{Transport: task.Transport(&slowServer{piece: time.Millisecond, pieces: 2})}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host/", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := task.Gather(ctx, func(context.Context) ([]byte, error) { return io.ReadAll(resp.Body) })
		assert.Equal(t, "piece piece ", string(text[0]))
		return err
	})
}

func TestATimeoutEndsARequestInEachPhase(t *testing.T) {
	for _, server := range []*slowServer{{head: time.Hour}, {piece: time.Hour, pieces: 1}} {
		inTask(t, func(ctx context.Context) error {
			client := &http.Client{Transport: task.Transport(server)}
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			start := time.Now()
			_, err := get(ctx, client, "http://host/")
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(start))
			return nil
		})
	}
}

// deaf ignores that a request's context has ended, as a transport may.
type deaf struct{ next *slowServer }

func (d deaf) RoundTrip(req *http.Request) (*http.Response, error) {
	return d.next.RoundTrip(req.WithContext(context.Background()))
}

func TestAResponseThatComesTooLateIsClosed(t *testing.T) {
	closed := make(chan string, 1)
	inTask(t, func(ctx context.Context) error {
		client := &http.Client{Transport: task.Transport(deaf{&slowServer{head: time.Minute, closed: closed}})}
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := get(ctx, client, "http://host/late")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		return nil
	})
	require.Equal(t, "/late", <-closed)
}

func TestABodyMayBeReadAfterItsTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: task.Transport(&slowServer{piece: time.Second, pieces: 3})}
		open := func(ctx context.Context, _ int) (io.ReadCloser, error) {
			// The stage's context ends with the stage; the body is to outlive it.
			req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, "http://host/", nil)
			if err != nil {
				return nil, err
			}
			resp, err := client.Do(req)
			if err != nil {
				return nil, err
			}
			_, err = io.ReadFull(resp.Body, make([]byte, 3))
			return resp.Body, err
		}
		for body, err := range task.Map(open)(pl.Range(1)).All(t.Context()) {
			require.NoError(t, err)
			time.Sleep(time.Millisecond) // its function has returned
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			require.Equal(t, "ce piece piece ", string(text))
			require.NoError(t, body.Close())
		}
	})
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errBoom }

func TestTransportPassesErrorsOn(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		_, err := get(ctx, &http.Client{Transport: task.Transport(failing{})}, "http://host/")
		assert.ErrorIs(t, err, errBoom)
		return nil
	})
}

// http.RoundTripper's rule: whoever made the body counts on it.
func TestTransportClosesTheBodyOfARequestThatIsTooLate(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		sent := &sentBody{}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://host/", sent)
		if err != nil {
			return err
		}
		_, err = task.Transport(failing{}).RoundTrip(req)
		assert.ErrorIs(t, err, context.Canceled)
		assert.True(t, sent.closed)
		return nil
	})
}

type sentBody struct {
	bytes.Buffer
	closed bool
}

func (b *sentBody) Close() error {
	b.closed = true
	return nil
}

func TestTransportWithARealServer(t *testing.T) {
	page := strings.Repeat("0123456789", 10_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/upgrade" {
			conn, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
			_ = rw.Flush()
			line, _ := rw.ReadString('\n')
			_, _ = rw.WriteString(line)
			_ = rw.Flush()
			return
		}
		_, _ = io.WriteString(w, page)
	}))
	defer server.Close()
	client := &http.Client{Transport: task.Transport(&http.Transport{MaxIdleConnsPerHost: 20})}
	defer client.CloseIdleConnections()

	pages := 0
	fetch := func(ctx context.Context, _ int) error {
		text, err := get(ctx, client, server.URL)
		if err == nil && text != page {
			err = errors.New("a broken page")
		}
		pages++
		return err
	}
	require.NoError(t, task.Each(fetch, pl.Workers(20))(pl.Range(200)).Run(t.Context()))
	require.Equal(t, 200, pages)

	require.NoError(t, once(t.Context(), func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/upgrade", nil)
		if err != nil {
			return err
		}
		req.Header.Set("Connection", "upgrade")
		req.Header.Set("Upgrade", "echo")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = io.WriteString(resp.Body.(io.Writer), "hello\n")
		if err != nil {
			return err
		}
		line, err := bufio.NewReader(resp.Body).ReadBytes('\n')
		assert.True(t, bytes.Equal([]byte("hello\n"), line), "a connection that was taken over stays one")
		return err
	}))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// http.Client copes with a response without a body, and with none at all.
func TestTransportPassesOddResponsesOn(t *testing.T) {
	get := func(next roundTrip) error {
		return task.Each(func(ctx context.Context, _ int) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nowhere/", nil)
			require.NoError(t, err)
			resp, err := (&http.Client{Transport: task.Transport(next)}).Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.ReadAll(resp.Body)
			return err
		})(pl.Range(1)).Run(t.Context())
	}
	require.NoError(t, get(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNoContent, Request: r}, nil
	}))
	err := get(func(*http.Request) (*http.Response, error) { return nil, nil })
	require.ErrorContains(t, err, "nil *Response")
}

func TestNothingIsReadOfAClosedBody(t *testing.T) {
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader("many letters"))}, nil
	})
	err := task.Each(func(ctx context.Context, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nowhere/", nil)
		require.NoError(t, err)
		resp, err := (&http.Client{Transport: task.Transport(next)}).Do(req)
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, 4))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		_, err = resp.Body.Read(make([]byte, 4))
		return err
	})(pl.Range(1)).Run(t.Context())
	require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
}

// A timer that closes a body which takes too long is a goroutine of its own.
func TestABodyMayBeClosedWhileItIsRead(t *testing.T) {
	in, out := io.Pipe()
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: in}, nil
	})
	go func() { _, _ = out.Write([]byte("the beginning")) }()
	err := task.Each(func(ctx context.Context, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nowhere/", nil)
		require.NoError(t, err)
		resp, err := (&http.Client{Transport: task.Transport(next)}).Do(req)
		require.NoError(t, err)
		closing := time.AfterFunc(10*time.Millisecond, func() { _ = resp.Body.Close() })
		defer closing.Stop()
		_, err = io.ReadAll(resp.Body)
		return err
	})(pl.Range(1)).Run(t.Context())
	require.ErrorIs(t, err, io.ErrClosedPipe)
}
