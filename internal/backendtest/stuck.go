package backendtest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl"
)

// stuck runs a stage until nothing moves any more, calls look, and cancels the run.
func (api API) stuck(t *testing.T, s pl.Runnable, look func()) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(api.context(t))
	done := make(chan error)
	go func() { done <- pl.Run(ctx, s) }()
	api.rest()
	look()
	cancel(errGone)
	assert.Equal(t, errGone, <-done)
}

// tallied is a source of these values. It counts those that were read, the one for which there is
// no room included.
func tallied(read *atomic.Int64, values []int) pl.Stage[int] {
	return pl.FromSeq(func(yield func(int) bool) {
		for _, x := range values {
			if read.Add(1); !yield(x) {
				return
			}
		}
	})
}
