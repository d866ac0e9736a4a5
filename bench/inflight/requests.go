package inflight

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/gopeln/pl/task"

	"github.com/gopeln/pl/bench/measure"
)

const requestsInFlight = 1000

// requests compares HTTP requests to a server in this process, over connections that stay open.
func requests(e measure.Effort, w io.Writer) error {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path[1:]) // the number that was asked for
	}))
	defer server.Close()
	transport := &http.Transport{MaxIdleConns: requestsInFlight, MaxIdleConnsPerHost: requestsInFlight}
	defer transport.CloseIdleConnections()

	q := work{
		title:     "HTTP requests to this machine: a request",
		limits:    []int{requestsInFlight},
		stages:    1,
		task:      get(server.URL, &http.Client{Transport: task.Transport(transport)}),
		goroutine: get(server.URL, &http.Client{Transport: transport}),
	}
	n := e.ValuesOr(10_000)
	results, err := measure.Compare(q.contenders(), e, n, n*(n-1)/2)
	if err != nil {
		return fmt.Errorf("%s: %w", q.title, err)
	}
	t := measure.Rank(q.title, results, 1)
	return t.Write(w)
}

// get asks the server for a number and returns the answer.
func get(url string, client *http.Client) func(context.Context, int) (int, error) {
	return func(ctx context.Context, x int) (int, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/"+strconv.Itoa(x), nil)
		if err != nil {
			return 0, err
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(string(body))
	}
}
