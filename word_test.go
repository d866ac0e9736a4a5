package pl

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The fields of a word lie side by side, and the tail, which is the highest, loses only its own carry.
func TestFieldsOfAWordDoNotTouch(t *testing.T) {
	fields := []uint64{windowFields, announceClaim, announceValue, creditField, math.MaxUint64 - (oneValue - 1)}
	var all uint64
	for _, f := range fields {
		assert.Zero(t, all&f)
		all |= f
	}
	assert.Equal(t, uint64(math.MaxUint64), all)
	assert.Less(t, uint64(mostCredit+mostWindow), creditOf(creditField)) // what a grant can come to
	assert.Less(t, uint64(mostWindow), endOf(windowFields))
}

// A port's count of values begins again at 2^34; nothing is lost or doubled by that.
func TestAPortGoesOnWhenItsCountBeginsAgain(t *testing.T) {
	const near, n = 50, 300
	q := newWindowQueue[int](64, false)
	q.attach(func() {})
	out := q.producer().(*outPort[int])
	in := q.consumer(nil).(*inPort[int])
	out.word.Add((tailMask - near) * oneValue)
	out.head = tailMask - near

	seat := newGoroutineSeat()
	go func() {
		defer q.closeOne()
		for i := range n {
			out.put(newGoroutineSeat(), i, tag{})
		}
	}()
	for want := range n {
		v, _, ok := in.take(seat)
		require.True(t, ok)
		require.Equal(t, want, v)
	}
	_, _, ok := in.take(seat)
	assert.False(t, ok)
	assert.Less(t, tailOf(out.word.Load()), uint64(n))
}
