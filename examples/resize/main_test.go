package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/examples/internal/picture"
	"github.com/gopeln/pl/pltest"
)

// start serves at a port of its own until the test's end, and returns the server's URL.
func start(t *testing.T) (url string) {
	t.Helper()
	pltest.LeakCheck(t)
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- serve(ctx, l) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		require.NoError(t, <-served)
	})
	return fmt.Sprintf("http://%v/", l.Addr())
}

func post(url string, body io.Reader) (status int, answer []byte, err error) {
	resp, err := http.Post(url, "application/octet-stream", body)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

func drawing(t *testing.T, width, height int) []byte {
	t.Helper()
	var data bytes.Buffer
	require.NoError(t, png.Encode(&data, image.NewRGBA(image.Rect(0, 0, width, height))))
	return data.Bytes()
}

func TestPoisonousPicturesCostTheirOwnRequestsOnly(t *testing.T) {
	url := start(t)
	large := drawing(t, 300, 100)
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			for i := range 20 {
				if client == 0 && i%4 == 0 {
					status, answer, err := post(url, strings.NewReader(picture.Crashing))
					assert.NoError(t, err)
					assert.Equal(t, http.StatusUnprocessableEntity, status)
					assert.Contains(t, string(answer), "its decoder crashed: exit status 139")
					continue
				}
				status, answer, err := post(url, bytes.NewReader(large))
				assert.NoError(t, err)
				if !assert.Equal(t, http.StatusOK, status, "%s", answer) {
					return
				}
				small, err := png.DecodeConfig(bytes.NewReader(answer))
				assert.NoError(t, err)
				assert.Equal(t, [2]int{64, 21}, [2]int{small.Width, small.Height})
			}
		})
	}
	clients.Go(func() {
		status, answer, err := post(url, strings.NewReader(picture.Endless))
		assert.NoError(t, err)
		assert.Equal(t, http.StatusUnprocessableEntity, status)
		assert.Contains(t, string(answer), "longer than the stage's Timeout")
	})
	clients.Wait()
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	url := start(t)
	status, answer, err := post(url, strings.NewReader("no picture"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, string(answer), "unknown format")
	status, _, err = post(url, io.LimitReader(zeros{}, 33<<20))
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRequestsUnderWayGetTheirAnswers(t *testing.T) {
	pltest.LeakCheck(t)
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- serve(ctx, l) }()
	body, sent := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://%v/", l.Addr()), body)
	require.NoError(t, err)
	req.Header.Set("Expect", "100-continue") // so that the server is at it when the body is read
	client := http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	answered := make(chan *http.Response)
	go func() {
		defer close(answered)
		defer client.CloseIdleConnections()
		resp, err := client.Do(req)
		if assert.NoError(t, err) {
			defer resp.Body.Close()
			answered <- resp
		}
	}()
	_, err = sent.Write(drawing(t, 9, 9))
	require.NoError(t, err)
	time.AfterFunc(50*time.Millisecond, func() { _ = sent.Close() })
	stop()
	if resp := <-answered; assert.NotNil(t, resp) {
		assert.Equal(t, http.StatusOK, resp.StatusCode)
	}
	require.NoError(t, <-served)
}
