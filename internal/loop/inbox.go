package loop

import "sync/atomic"

// Message is something that another goroutine, or a task, tells the loop. It is part of what it is about, so that
// posting allocates nothing.
type Message struct {
	To   Receiver
	next *Message
}

// inbox holds the messages that the loop has not seen. Posting is one exchange, and a wake-up only if the loop
// sleeps.
type inbox struct {
	newest   atomic.Pointer[Message]
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
	// The loop announces its sleep before it looks at the messages a last time, and this looks at the announcement
	// after the message is in: one of the two sees the other.
	if b.sleeping.Load() && b.wakeUpBy() {
		b.wake <- struct{}{}
	}
}

// wakeUpBy reports whether the caller is the one who wakes the loop.
func (b *inbox) wakeUpBy() bool { return b.sleeping.CompareAndSwap(true, false) }

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

// fallAsleep announces that the loop will wait on wake. It reports false where there is a message after all.
func (b *inbox) fallAsleep() bool {
	b.sleeping.Store(true)
	if b.empty() {
		return true
	}
	b.wakeUp()
	return false
}

// wakeUp takes the announcement back. Where somebody has answered it, his token is on its way and must not wake the
// loop the next time.
func (b *inbox) wakeUp() {
	if !b.wakeUpBy() {
		<-b.wake
	}
}
