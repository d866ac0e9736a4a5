package pltest

import (
	"testing"

	"github.com/gopeln/pl/internal/leak"
)

// LeakCheck fails the test, at its cleanup, for everything that is there then and was not when
// LeakCheck was called: goroutines, and on Linux subprocesses and open file descriptors too. What
// has just been told to end gets a second to do so. Since Go 1.27 the runtime's goroutine leak
// profile finds those that never will, at once.
//
// In a bubble of testing/synctest only the bubble's goroutines count. Elsewhere a test that calls
// it must not be parallel: what other tests start meanwhile would count too. So would connections
// that an http.Client keeps, which its method CloseIdleConnections ends.
func LeakCheck(t testing.TB) {
	t.Helper()
	held := leak.Hold()
	t.Cleanup(func() {
		t.Helper()
		held.Check(t)
	})
}
