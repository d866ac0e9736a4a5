package queue

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readyQueue is a queue whose producers have published so many values each.
func readyQueue(t *testing.T, published ...int) (*Windowed[int], *In[int]) {
	q := NewWindowed[int](0, false)
	q.AddStage(func() {})
	for p, n := range published {
		out := q.Producer()
		for i := range n {
			require.True(t, out.Put(me(), 100*p+i, Tag{}))
		}
	}
	return q, q.Consumer(nil).(*In[int])
}

func TestEachProducerHasItsTurn(t *testing.T) {
	q, in := readyQueue(t, 3, 3)
	var got [][]int
	for range 4 {
		in.buf = in.buf[:0]
		q.ready.moveTo(in, 2)
		got = append(got, append([]int(nil), in.buf...))
	}
	assert.Equal(t, [][]int{{0, 1}, {100, 101}, {2, 102}, nil}, got)
	assert.Nil(t, q.ready.first, "those without values are forgotten")
}

func TestAProducerThatIsNotListedAnnouncesItsNextValue(t *testing.T) {
	q, in := readyQueue(t, 2, 0)
	assert.Same(t, q.outs[0], q.ready.first)
	assert.Zero(t, q.outs[0].word.load()&valueAsked, "it is listed")
	assert.NotZero(t, q.outs[1].word.load()&valueAsked)

	q.ready.moveTo(in, 5)
	require.Same(t, q.outs[0], q.ready.first, "it had values a moment ago")
	assert.False(t, q.ready.any())
	assert.Nil(t, q.ready.first)
	assert.NotZero(t, q.outs[0].word.load()&valueAsked)

	require.True(t, q.outs[0].Put(me(), 7, Tag{}))
	assert.True(t, q.ready.any())
	assert.Same(t, q.outs[0], q.ready.first)
}

func TestReadyValuesAreCountedNoFurtherThanNeeded(t *testing.T) {
	q, _ := readyQueue(t, 4, 5, 6)
	assert.Equal(t, 15, q.ready.count(100))
	assert.Equal(t, 9, q.ready.count(5), "the first two are enough")
	assert.Zero(t, q.ready.count(0))
}
