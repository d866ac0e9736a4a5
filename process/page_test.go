//go:build unix

package process

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A value that a worker skipped has not begun, also where the worker died before it could say so.
func TestWhatWasSkippedHasNotBegun(t *testing.T) {
	var p page
	assert.True(t, p.begin(5))
	n, running := p.begunOf(5)
	assert.Equal(t, 1, n)
	assert.True(t, running)
	p.idle()
	assert.True(t, p.begin(6))
	p.idle()

	assert.EqualValues(t, 7, p.revoke(7))
	assert.False(t, p.begin(7))
	assert.False(t, p.begin(8))
	n, running = p.begunOf(5)
	assert.Equal(t, 2, n)
	assert.False(t, running)

	p.regrant()
	n, _ = p.begunOf(9)
	assert.Zero(t, n)
	assert.True(t, p.begin(9))
	n, running = p.begunOf(9)
	assert.Equal(t, 1, n)
	assert.True(t, running)
}

// A worker that may open its resource is not killed before the parent has heard of it, and one that
// may be killed opens nothing.
func TestAWorkerOpensOrMayBeKilled(t *testing.T) {
	for range 1000 {
		var p page
		var opens, kills bool
		var both sync.WaitGroup
		both.Go(func() { opens = p.mayOpen() })
		both.Go(func() { kills = p.mayKill() })
		both.Wait()
		assert.NotEqual(t, opens, kills)
		assert.Equal(t, kills, p.mayKill())
	}
}
