//go:build unix

package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// The source gives a few values, fewer than make a batch or just as many, and no more until all of
// their results have come out. If anything waited for a batch to fill up, on the way there or back,
// the run would stand still.
func TestABatchNeverWaitsForMore(t *testing.T) {
	const most = 70
	for _, workers := range []int{1, 2} {
		for _, maxSize := range []int{0, 1, 64} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			given := make(chan int)
			source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
				for n := range given {
					for i := range n {
						if !yield(i) {
							return nil
						}
					}
				}
				return nil
			})
			back := make(chan struct{}, most)
			go func() {
				defer close(given)
				for n := 1; n <= most; n++ {
					given <- n
					for range n {
						select {
						case <-back:
						case <-ctx.Done():
							return
						}
					}
				}
			}()
			n := 0
			for _, err := range increment(source).With(pl.Workers(workers), pl.MaxSize(maxSize)).All(ctx) {
				require.NoError(t, err, "%d workers, maxsize %d, after %d values", workers, maxSize, n)
				back <- struct{}{}
				n++
			}
			require.Equal(t, most*(most+1)/2, n)
		}
	}
}
