package queue

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The fields of a word lie side by side, and the tail, which is the highest, loses only its own
// carry.
func TestFieldsOfAWordDoNotTouch(t *testing.T) {
	fields := []uint64{windowFields, claimAsked, valueAsked, creditField, math.MaxUint64 - (oneValue - 1)}
	var all uint64
	for _, f := range fields {
		assert.Zero(t, all&f)
		all |= f
	}
	assert.Equal(t, uint64(math.MaxUint64), all)
	assert.Less(t, uint64(mostCredit+MostWindow), State(creditField).credit()) // what a grant can come to
	assert.Less(t, uint64(MostWindow), State(windowFields).end())
}

// A port's count of values begins again at 2^34; nothing is lost or doubled by that.
func TestAPortGoesOnWhenItsCountBeginsAgain(t *testing.T) {
	const near, n = 50, 300
	q := NewWindowed[int](64, false)
	q.AddStage(func() {})
	out := q.Producer().(*Out[int])
	in := q.Consumer(nil).(*In[int])
	out.word.bits.Add((tailMask - near) * oneValue)
	out.head = tailMask - near

	seat := NewGoroutine()
	go func() {
		defer q.StageEnded()
		for i := range n {
			out.Put(me(), i, Tag{})
		}
	}()
	for want := range n {
		v, _, ok := in.Take(&seat.Waiter)
		require.True(t, ok)
		require.Equal(t, want, v)
	}
	_, _, ok := in.Take(&seat.Waiter)
	assert.False(t, ok)
	assert.Less(t, out.word.load().tail(), uint64(n))
}
