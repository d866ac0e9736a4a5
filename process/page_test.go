//go:build unix

package process

import (
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
