package loop

import "sync/atomic"

// Message is something that a goroutine, or a task, tells the loop. It is a field of what it is
// about, so posting allocates nothing.
type Message struct {
	To   Receiver
	next *Message
}

// inbox holds the messages that the loop has not seen. To post is one atomic exchange, and a
// wake-up only if the loop sleeps.
//
// The loop sets sleeping before it checks for messages a last time; a producer checks sleeping
// after its message is in. So one of the two sees the other. The loop and the producers clear
// sleeping by an exchange, and a producer that has cleared it sends exactly one token on wake.
type inbox struct {
	newest   atomic.Pointer[Message] // pushed by any goroutine, taken by the loop
	sleeping atomic.Bool
	wake     chan struct{} // of capacity 1
}

func (b *inbox) post(m *Message) {
	for {
		m.next = b.newest.Load()
		if b.newest.CompareAndSwap(m.next, m) {
			break
		}
	}
	if b.sleeping.Load() && b.endSleep() {
		b.wake <- struct{}{}
	}
}

// endSleep clears sleeping. It reports whether the caller did, and not another.
func (b *inbox) endSleep() bool { return b.sleeping.CompareAndSwap(true, false) }

func (b *inbox) empty() bool { return b.newest.Load() == nil }

// take removes all messages and returns them, oldest first.
func (b *inbox) take() (oldest *Message) {
	if b.empty() {
		return nil
	}
	for m := b.newest.Swap(nil); m != nil; {
		m.next, oldest, m = oldest, m, m.next
	}
	return oldest
}

// fallAsleep sets sleeping: the loop will wait on wake. It reports false, and leaves it clear, if
// there is a message.
func (b *inbox) fallAsleep() bool {
	b.sleeping.Store(true)
	if b.empty() {
		return true
	}
	b.wakeUp()
	return false
}

// wakeUp clears sleeping without a message. If a producer was first, its token is on its way; it
// must not end the next sleep.
func (b *inbox) wakeUp() {
	if !b.endSleep() {
		<-b.wake
	}
}
