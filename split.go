package pl

import "github.com/gopeln/pl/internal/queue"

// Split sends the values for which f reports true one way, and the others another. It calls f once
// for each value, in a goroutine of its own. Consumed in one run, by [Run] or below a common stage,
// the two sides share the run of s: a side that is full holds the other up, and the values of a
// side that is not consumed in the run are dropped. For [Ordered] the values of each side keep
// their places. If f panics, the run fails with a *[StageError] that names the value.
func Split[T any](s Stage[T], f func(T) bool) (yes, no Stage[T]) {
	in := s.node()
	o := plain[T]("Split", in)
	o.cfg.name = operatorName("Split", f)
	if f == nil {
		o.fail(atUserPlace(errNilFunction))
	}
	o.compose = func(b *builder, o *operator[T], at *Site) flow[T] {
		c := b.planned[o].figures.addWorker()
		values := upstream[T](b, o, in, at)
		sides := map[bool]*side[T]{true: sideOf[T](b, o, yesSide), false: sideOf[T](b, o, noSide)}
		return func(func(T, queue.Tag) bool) {
			values(func(v T, t queue.Tag) bool {
				yes, ok := asked(at, &o.base, v, f)
				if !ok {
					return false
				}
				sides[!yes].pass(t)
				if !sides[yes].consumed() {
					c.drop()
				}
				return sides[yes].put(at.waiter, v, t)
			})
		}
	}
	return Stage[T]{branchOff[T]("Split.yes", o, yesSide)}, Stage[T]{branchOff[T]("Split.no", o, noSide)}
}

// side is the way to one side of a Split in one run.
type side[T any] struct {
	audience *audience
	emitters []*emitter[T]
	trackers []queue.Tracker
}

func sideOf[T any](b *builder, o *operator[T], kind branch) *side[T] {
	s := &side[T]{audience: b.audienceOf(o)}
	for _, br := range branchesOf[T](b, o, kind) {
		s.emitters = append(s.emitters, outletOf[T](b, br).emitter())
		s.trackers = append(s.trackers, b.planned[br].trackers...)
	}
	return s
}

// consumed reports whether the side has a consumer in the run.
func (s *side[T]) consumed() bool { return len(s.emitters) > 0 }

// put hands v on to the consumers of the side. It reports false if the stage must stop.
func (s *side[T]) put(me *queue.Waiter, v T, t queue.Tag) bool {
	for _, e := range s.emitters {
		e.put(me, v, t)
	}
	return s.audience.goesOn()
}

// pass records that the value of tag t has gone to the other side.
func (s *side[T]) pass(t queue.Tag) {
	for _, tracker := range s.trackers {
		tracker.Hole(t)
	}
}
