package loop

import "sync/atomic"

// Message is what a goroutine, or a task, sends to the loop. It is a field of what it is about, so
// posting allocates nothing.
type Message struct {
	To   Receiver // set before the first Post
	next *Message // written by the goroutine that posts, then by the loop
}

// inbox holds the messages that the loop has not received. To post is one atomic exchange, and a
// wake-up only if the loop sleeps.
//
// The loop sets sleeping before it checks for messages a last time; a goroutine that posts checks
// sleeping after its message is in the inbox. So at least one of the two sees the other. Both clear
// sleeping by an exchange, and a goroutine that posts and has cleared it sends exactly one token on
// wake.
type inbox struct {
	newest   atomic.Pointer[Message] // any goroutine pushes, the loop takes all
	sleeping atomic.Bool             // set by the loop, cleared by the loop or a goroutine that posts
	wake     chan struct{}           // of capacity 1; the loop receives
}

// post puts m into the inbox, and wakes the loop if it sleeps. Any goroutine may call it.
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

// endSleep clears sleeping, and reports whether it was set: of several callers, one gets true.
func (b *inbox) endSleep() bool { return b.sleeping.CompareAndSwap(true, false) }

// empty reports whether there is no message.
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

// fallAsleep sets sleeping and reports true; the loop must then wait on wake. If there is a
// message, it leaves sleeping clear and reports false.
func (b *inbox) fallAsleep() bool {
	b.sleeping.Store(true)
	if b.empty() {
		return true
	}
	b.wakeUp()
	return false
}

// wakeUp clears sleeping without a message. If a goroutine that posts has cleared it first, wakeUp
// receives its token, which must not end the next sleep.
func (b *inbox) wakeUp() {
	if !b.endSleep() {
		<-b.wake
	}
}
