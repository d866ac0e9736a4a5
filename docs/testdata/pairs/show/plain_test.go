package pair

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestAPanicInShowLeavesGoroutinesBehind(t *testing.T) {
	fetch = func(_ context.Context, url string) (Page, error) { return Page{url}, nil }
	before := runtime.NumGoroutine()
	func() {
		defer func() { _ = recover() }()
		_ = showAll(t.Context(), slices.Values(urls(1000)), func(Page) { panic("no paper") })
	}()
	time.Sleep(200 * time.Millisecond)
	if left := runtime.NumGoroutine() - before; left < 8 {
		t.Errorf("%d goroutines are left; the document says that some wait for ever", left)
	}
}
