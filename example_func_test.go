package pl_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// A service starts its workers once and calls them for each request.
func ExampleFunc() {
	half := func(_ context.Context, x int) (int, error) {
		if x%2 != 0 {
			return 0, errors.New("an odd number")
		}
		return x / 2, nil
	}
	call, stop := pl.Func(context.Background(), thread.Map(half, pl.Workers(4), pl.MaxSize(16)))
	fmt.Println(call(context.Background(), 42))
	_, err := call(context.Background(), 7) // harms no other call
	fmt.Println(err != nil)
	fmt.Println(stop())
	// Output:
	// 21 <nil>
	// true
	// <nil>
}

// A call waits while all workers are busy and the queue is full. A deadline bounds that wait, so
// that a service can say that it is busy.
func ExampleFunc_busy() {
	release := make(chan struct{})
	work := thread.Map(func(_ context.Context, x int) (int, error) { <-release; return x, nil }, pl.MaxSize(1))
	call, stop := pl.Func(context.Background(), work)

	answer := func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
		defer cancel()
		y, err := call(ctx, 1)
		switch {
		case err == nil:
			fmt.Fprintln(w, y)
		case ctx.Err() != nil:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "busy", http.StatusServiceUnavailable)
		default:
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}
	w := httptest.NewRecorder()
	answer(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(w.Code, w.Header().Get("Retry-After"))
	close(release)
	fmt.Println(stop())
	// Output:
	// 503 1
	// <nil>
}
