package queue

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParkingKeepsTheOrderOfThoseThatAreLeft(t *testing.T) {
	var k parking
	var seats [4]*Goroutine
	var parked [4]*Waiter
	for i := range parked {
		seats[i] = NewGoroutine()
		parked[i] = &seats[i].Waiter
		k.add(parked[i])
		k.add(parked[i]) // no second time
	}
	k.remove(parked[1])
	k.remove(parked[1])

	assert.Same(t, parked[3], k.popLast())
	assert.Nil(t, k.popLast(), "one is awake and not yet served")
	assert.True(t, k.contended())
	k.unparked(parked[3])

	k.wakeFirst()
	assert.Len(t, seats[0].wake, 1)
	k.unparked(parked[0])

	k.wakeAll()
	assert.Len(t, seats[2].wake, 1)
	assert.Empty(t, seats[1].wake)
	assert.True(t, k.empty())
	assert.Zero(t, k.owners)
}

// otherSeat is one that others may keep from running.
type otherSeat struct {
	Seat
	woken int
}

func (s *otherSeat) Wake() { s.woken++ }

func TestParkingWakesSomebodyWhoIsSureToRun(t *testing.T) {
	var k parking
	others := [2]otherSeat{}
	for i := range others {
		k.add(NewWaiter(&others[i]))
	}
	own := NewGoroutine()
	k.add(&own.Waiter)

	k.wakeFirst()
	assert.Equal(t, 1, others[0].woken)
	assert.Zero(t, others[1].woken)
	assert.Len(t, own.wake, 1)
	assert.False(t, k.needsWake(), "the goroutine wakes the next")
}

func TestAWakeBeforeAParkIsNotLost(t *testing.T) {
	g := NewGoroutine()
	g.Wake()
	g.Wake()
	g.Park()
	assert.Empty(t, g.wake, "two wakes are one")
}

func TestAWaiterThatLeavesLetsTheNextBeWoken(t *testing.T) {
	var k parking
	first, second := NewGoroutine(), NewGoroutine()
	k.add(&first.Waiter)
	k.add(&second.Waiter)
	k.wakeFirst()
	k.wakeFirst()
	assert.Empty(t, second.wake, "the first is woken and not served")
	assert.True(t, k.contended())

	k.remove(&first.Waiter) // it was served
	assert.True(t, k.needsWake())
	k.wakeFirst()
	assert.Len(t, second.wake, 1)
	k.remove(&second.Waiter)
	assert.False(t, k.contended())
}
