package cluster

import (
	"context"
	"time"

	"github.com/gopeln/pl"
)

// signOfLifeEvery is how often the parent gives one.
func (s *stage[A, B, R]) signOfLifeEvery() time.Duration {
	return min(max(s.settings.lease/4, 100*time.Millisecond), 5*time.Second)
}

// live gives signs of life, whatever the servers do not answer meanwhile.
func (s *stage[A, B, R]) live(over <-chan struct{}) {
	defer s.guard()
	every := s.signOfLifeEvery()
	beats := time.NewTicker(every)
	defer beats.Stop()
	for {
		s.beat()
		select {
		case <-over:
			return
		case <-beats.C:
			s.workers.drop(s.settings.lease + every)
		}
	}
}

// keep sees to it that the stream has what it should.
func (s *stage[A, B, R]) keep(over <-chan struct{}) {
	defer s.guard()
	looks := time.NewTicker(min(s.signOfLifeEvery(), time.Second))
	defer looks.Stop()
	missed, links, since := 0, s.nc.Stats().Reconnects, time.Time{}
	for {
		select {
		case <-over:
			return
		case <-looks.C:
			if s.nc.IsClosed() {
				s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: s.closed()})
				return
			}
			if !s.nc.IsConnected() {
				if since.IsZero() {
					since = time.Now()
					s.log.Warn("cluster: no server can be reached")
				}
				continue
			}
			if now := s.nc.Stats().Reconnects; now != links || !since.IsZero() {
				links, since = now, time.Time{}
				s.beat()
			}
			missed = s.look(missed)
		}
	}
}

// look compares the stream with what is out. It returns for how many looks in a row something was missing.
func (s *stage[A, B, R]) look(missed int) int {
	ctx, cancel := context.WithTimeout(s.site.Context(), 2*time.Second)
	defer cancel()
	s.mu.Lock()
	stream := s.stream
	var out []*parcel[A]
	for _, p := range s.parcels {
		if s.isOut(p) && time.Since(p.sent) > time.Second/2 {
			out = append(out, p)
		}
	}
	s.mu.Unlock()
	if len(out) == 0 {
		return 0
	}
	info, err := s.streamInfo(ctx, stream)
	switch {
	case notFound(err):
		s.log.Warn("cluster: the stream is lost; a new one is made", "stream", stream)
		if err := s.newStream(ctx); err != nil {
			s.log.Warn("cluster: cannot make the stream", "error", err)
			return 0
		}
		s.beat()
		s.resubmit()
		return 0
	case err != nil:
		return missed
	}
	should := s.stillOut(out)
	switch {
	case info.State.Messages >= should:
		return 0
	case missed < 2:
		return missed + 1
	}
	s.log.Warn("cluster: the stream lacks messages; all are sent again", "stream", stream, "has", info.State.Messages, "should", should)
	s.resubmit()
	return 0
}

// isOut reports whether the stream should have the message of p. The lock is held.
func (s *stage[A, B, R]) isOut(p *parcel[A]) bool {
	return s.parcels[p.id] == p && !p.dead && !p.sent.IsZero()
}

// stillOut is how many of the parcels are out: the stream has had their messages since they were found to be.
func (s *stage[A, B, R]) stillOut(before []*parcel[A]) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range before {
		if s.isOut(p) {
			n++
		}
	}
	return n
}

// resubmit sends everything again that is out. What comes of the messages before it does not count.
func (s *stage[A, B, R]) resubmit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.parcels {
		if s.isOut(p) {
			values := s.withdraw(p, 0)
			s.figures.resubmitted += uint64(len(values))
			s.adopt(values...)
		}
	}
}
