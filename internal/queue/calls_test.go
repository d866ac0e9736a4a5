package queue

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// fates returns what the stages say of the value of tag t, whose descendants all end without a
// result.
func fates(q *Calls[int], t Tag, depth int) (all []func()) {
	n := rand.IntN(4)
	if depth == 0 || n == 0 {
		return []func(){func() { q.Hole(t) }}
	}
	for i := range n {
		all = append(all, fates(q, t.Child(i), depth-1)...)
	}
	return append(all, func() { q.Children(t, n) })
}

// What is said of a value's descendants comes in any order. The call has its answer with the last
// of it, not before.
func TestACallIsAnsweredWhenAllDescendantsHaveEnded(t *testing.T) {
	for range 2000 {
		q := NewCalls[int]()
		call := q.Add()
		all := fates(q, call.Tag(), 3)
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for i, say := range all {
			require.Empty(t, call.Answer, "after %d of %d", i, len(all))
			say()
		}
		require.Len(t, call.Answer, 1)
		require.Equal(t, Answer[int]{}, <-call.Answer)
	}
}

func TestACallGetsItsFirstAnswer(t *testing.T) {
	q := NewCalls[int]()
	call := q.Add()
	q.Put(nil, 7, call.Tag().Child(1))
	q.Put(nil, 8, call.Tag().Child(0))
	q.Hole(call.Tag())
	require.Equal(t, Answer[int]{Value: 7, OK: true}, <-call.Answer)
	require.Empty(t, call.Answer)
	require.False(t, q.Wanted(call.Tag()))
}
