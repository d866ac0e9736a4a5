package cluster

import (
	"encoding/json"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// greet answers a new worker with a sign of life, or takes the word that one has died.
func (s *stage[A, B, R]) greet(msg *nats.Msg) {
	defer s.guard()
	if len(msg.Data) == 0 {
		s.beat()
		return
	}
	var died obituary
	if json.Unmarshal(msg.Data, &died) == nil {
		s.workers.bury(died)
	}
}

// hear takes what a worker says beside results.
func (s *stage[A, B, R]) hear(msg *nats.Msg) {
	defer s.guard()
	var r report
	if json.Unmarshal(msg.Data, &r) != nil {
		return
	}
	s.workers.note(r)
	if !s.driven.Load() {
		return
	}
	switch {
	case r.Back != nil:
		s.takeBack(r.Back)
	case r.Began != 0:
		s.mu.Lock()
		if p := s.parcels[r.Began]; p != nil {
			p.began, p.where = true, r.where()
		}
		s.mu.Unlock()
	case r.OnStart != nil && !s.stopping():
		s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: crossing.Framed(r.where()+": ", r.OnStart.Err())})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	s.free()
}

// suspect decides about values whose worker was lost. Those that ran beside others may have begun, and run alone from now
// on; of one that ran alone it is known that it began, and how often. The lock is held.
func (s *stage[A, B, R]) suspect(p *parcel[A], values []*value[A]) (again, poison []*value[A]) {
	for _, v := range values {
		if v.alone == nil {
			v.alone = new(ordeal)
		}
		switch {
		case !p.alone:
			v.alone.began = 1
		case p.began:
			v.alone.began++
			v.alone.where = p.where
		}
		if p.alone && v.alone.began >= s.settings.maxDeliver {
			poison = append(poison, v)
		} else {
			again = append(again, v)
		}
	}
	return again, poison
}

// takeBack takes values back that have not begun, or whose worker was lost.
func (s *stage[A, B, R]) takeBack(b *back) {
	s.mu.Lock()
	var poison []*value[A]
	if p := s.parcels[b.Parcel]; p != nil {
		p.lost = p.lost || b.Delivered > 1
		poison = s.again(p, s.withdraw(p, b.From), false)
	}
	s.ack(b.Ack)
	s.mu.Unlock()
	if len(poison) > 0 {
		s.finishing.Lock()
		defer s.finishing.Unlock()
		s.fault(poison)
	}
}

// again puts values that were withdrawn from p in line again, but for those that it returns: they kill their workers.
// strayed reports whether they, or what became of them, were lost on the way, if not with a worker. The lock is held.
func (s *stage[A, B, R]) again(p *parcel[A], values []*value[A], strayed bool) (poison []*value[A]) {
	switch {
	case len(values) == 0:
		return nil
	case p.lost:
		s.figures.redelivered += uint64(len(values))
		s.log.Info("cluster: a worker was lost, or its lease was over", "values", len(values))
		values, poison = s.suspect(p, values)
	case strayed:
		s.figures.resubmitted += uint64(len(values))
	}
	s.adopt(values...)
	return poison
}

// fault fails values that kill their workers. finishing is held.
func (s *stage[A, B, R]) fault(poison []*value[A]) {
	for _, v := range poison {
		began := v.alone.began
		v.alone.began = 0
		s.fail(v, nil, crossing.Framed(v.alone.where+": ", pl.Permanent(&PoisonError{Deliveries: began})))
	}
}
