package whole

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gopeln/pl/task"

	"github.com/gopeln/pl/bench/measure"
)

// A server that answers after a while, and how many requests wait for it at once.
const (
	answerTime = 10 * time.Millisecond
	atOnce     = 100
)

// request asks a server in this process, over connections that stay open.
func request(e measure.Effort, w io.Writer) error {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(answerTime)
		fmt.Fprint(w, "fine")
	}))
	defer server.Close()
	transport := &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce}
	defer transport.CloseIdleConnections()

	j := job{
		title:   fmt.Sprintf("requests to a server on this machine that takes %v, %d at once", answerTime, atOnce),
		unit:    "requests",
		values:  20_000,
		workers: atOnce,
		do:      get(server.URL, &http.Client{Transport: transport}),
	}
	tasks := j
	tasks.do = get(server.URL, &http.Client{Transport: task.Transport(transport)})
	return j.compare(e, w, tasks.tasks())
}

func get(url string, client *http.Client) func(context.Context, int) (int, error) {
	return func(ctx context.Context, _ int) (int, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return 0, err
		}
		return 1, nil
	}
}
