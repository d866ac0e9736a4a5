package pl

import "sync/atomic"

// outlet is where a stage's results go in a run: a queue for each of its consumers.
type outlet[T any] struct {
	site   *Site // of the stage; set when it is built
	queues []queue[T]
	live   atomic.Int32
	// kept: the stage runs to its end, whoever listens.
	kept bool
}

func outletOf[T any](b *builder, n node) *outlet[T] {
	o, ok := b.outlets[n].(*outlet[T])
	if !ok {
		o = &outlet[T]{}
		b.outlets[n] = o
	}
	return o
}

// add is called by a consumer, which has made q.
func (o *outlet[T]) add(q queue[T]) {
	o.queues = append(o.queues, q)
	o.live.Add(1)
	q.attach(o.lose)
}

// lose is called when a consumer has left. With the last one the stage stops.
func (o *outlet[T]) lose() {
	if o.live.Add(-1) == 0 && !o.kept {
		o.site.Stop()
	}
}

// close passes the end of the stage on.
func (o *outlet[T]) close() {
	for _, q := range o.queues {
		q.closeOne()
	}
}

// emitter makes one worker's way to all consumers.
func (o *outlet[T]) emitter() *emitter[T] {
	e := &emitter[T]{site: o.site, kept: o.kept}
	for _, q := range o.queues {
		e.sinks = append(e.sinks, q.producer())
	}
	if len(e.sinks) == 1 && !o.kept {
		e.only = e.sinks[0]
		e.port, _ = e.only.(*outPort[T])
		e.channel, _ = e.only.(*channelQueue[T])
	}
	return e
}

// emitter is one worker's way to the consumers of its stage.
type emitter[T any] struct {
	only    sink[T]          // the only one
	port    *outPort[T]      // only, if it is one: that spares calls through the interface
	channel *channelQueue[T] // only, if it is one
	sinks   []sink[T]
	site    *Site
	kept    bool
}

// put hands v to every consumer in turn, so that a full one holds the others up. It reports false when none of them
// wants more. A stage without consumers drops its results and goes on.
func (e *emitter[T]) put(seat Seat, v T, t tag) bool {
	if e.port != nil {
		return e.port.put(seat, v, t)
	}
	if e.channel != nil {
		return e.channel.put(seat, v, t)
	}
	if e.only != nil {
		return e.only.put(seat, v, t)
	}
	wanted := e.kept && !e.site.stopped.Load()
	for _, s := range e.sinks {
		wanted = s.put(seat, v, t) || wanted
	}
	return wanted
}

// word is that of the only port, which the worker's inlet may share; nil where there is none.
func (e *emitter[T]) word() *word {
	if e.port == nil {
		return nil
	}
	return e.port.word
}
