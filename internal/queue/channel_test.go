package queue

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stuckChannel is a full channel with two stages, each of which has a producer that is blocked in
// Put.
func stuckChannel(t *testing.T, gone *atomic.Int32) (q *Channel[int], refused *atomic.Int32) {
	q, refused = NewChannel[int](1, func(f func()) { go f() }), new(atomic.Int32)
	require.True(t, q.Put(nil, 0, Tag{}))
	for i := range 2 {
		q.AddStage(func() { gone.Add(1) })
		go func() {
			defer q.StageEnded()
			if !q.Put(nil, i+1, Tag{}) {
				refused.Add(1)
			}
		}()
	}
	synctest.Wait()
	return q, refused
}

func TestAStoppedChannelReleasesProducersThatAreBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Int32
		q, refused := stuckChannel(t, &gone)
		assert.Zero(t, refused.Load())
		assert.Equal(t, 1, q.Len())

		q.Stop()
		q.Stop()
		synctest.Wait()
		assert.EqualValues(t, 2, refused.Load(), "their values are dropped")
		assert.EqualValues(t, 2, gone.Load(), "each stage is told once")
		_, _, ok := q.Take(nil)
		assert.False(t, ok)
		assert.False(t, q.Put(nil, 1, Tag{}))
	}) // in the bubble, the goroutine that drains must have ended too
}

func TestAChannelEndsWithItsLastStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, refused := stuckChannel(t, new(atomic.Int32))
		for range 3 {
			_, _, ok := q.Take(nil)
			assert.True(t, ok)
		}
		_, _, ok := q.Take(nil)
		assert.False(t, ok)
		_, ok = q.Receive()
		assert.False(t, ok)
		assert.Zero(t, refused.Load())
		q.Stop() // after the end there is nothing to drain
	})
}
