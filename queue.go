package pl

// A queue stands in front of each consumer of a stage. Three kinds of it keep the same contract:
//
//   - windowQueue, the general one: no lock per value, any number of producers and consumers, any bound;
//   - channelQueue, a Go channel, which is the fastest where the bound is so small that nearly every value parks;
//   - reorderQueue, in front of Ordered, which hands values out in the order of their tags.
//
// The contract: a put value can be taken by any consumer at once (law 4); a queue never holds more values than its
// bound, counting those that a consumer has fetched in bulk and not begun (law 5); nobody waits for a queue that was
// stopped.
type queue[T any] interface {
	// producer adds a producing worker. Its sink must not be used by two goroutines at once.
	producer() sink[T]
	// consumer adds a consuming worker. Its inlet must not be used by two goroutines at once.
	// Where the worker's results go to a port with a word, the inlet may share it; nil: there is none.
	consumer(shared *word) inlet[T]
	// attach adds a producing stage: the queue ends when as many closeOne calls were made as attach calls.
	// gone is called when the queue is stopped, so that a stage which nobody listens to any more can stop.
	attach(gone func())
	closeOne()
	// stop makes every put and take return at once, now and later. It is called when the consumer leaves and when
	// the run ends; twice does no harm.
	stop()
	// length is the number of values in the queue now, approximately while the run goes on.
	length() int
}

// sink is where a worker puts its results.
type sink[T any] interface {
	// put waits for room and reports true, or reports false once the queue is stopped; the value is then dropped.
	put(seat Seat, v T, t tag) bool
}

// inlet is where a worker takes its values.
type inlet[T any] interface {
	// take waits for a value; ok is false at the end of the input and once the queue is stopped.
	take(seat Seat) (v T, t tag, ok bool)
}

// channelBound is the bound below which a channel is the faster queue: there nearly every value costs a switch of
// goroutines, and a channel's direct hand-off is the cheapest one.
const channelBound = 8

// newQueue makes the queue for a consumer with that bound. plain tells that only goroutines of the engine's own wait
// at it, and that its producers stop with it; spawn starts a goroutine that the run waits for.
func newQueue[T any](bound int, tagged, plain bool, spawn func(func())) queue[T] {
	if plain && !tagged && 0 < bound && bound < channelBound {
		return newChannelQueue[T](bound, spawn)
	}
	return newWindowQueue[T](bound, tagged)
}
