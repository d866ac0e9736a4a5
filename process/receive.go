package process

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// receive reads what w answers, until that ends.
func (s *slot[A, B, R]) receive(w *remote[A, R]) {
	for {
		kind, payload, err := w.frames.Next()
		if err == nil {
			err = s.answer(w, kind, payload)
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			w.mu.Lock()
			w.broken = err
			w.mu.Unlock()
			return
		}
	}
}

// answer takes in one frame. After an error the worker is of no more use.
func (s *slot[A, B, R]) answer(w *remote[A, R], kind byte, payload []byte) error {
	if kind == frameResults {
		return s.results(w, payload)
	}
	var r report
	if err := json.Unmarshal(payload, &r); err != nil {
		return errProtocol
	}
	w.mu.Lock()
	switch kind {
	case frameWelcome:
		w.welcomed = true
		s.reserve(w)
	case frameOpened:
		w.opened = true
	case frameFarewell:
		w.farewell = true
	}
	w.mu.Unlock()
	switch {
	case r.Refused != "":
		s.fail(s.index, errors.New(r.Refused))
	case r.Failure != nil && kind == frameFarewell:
		s.site.Closed(s.index, r.Failure.Err())
	case r.Failure != nil && !s.stopping():
		s.fail(s.index, r.Failure.Err())
	}
	return nil
}

// results takes in what became of values.
func (s *slot[A, B, R]) results(w *remote[A, R], payload []byte) error {
	h := &w.header
	data, n, err := h.parse(payload)
	if err != nil {
		return err
	}
	begun, over, err := s.claim(w)
	if err != nil {
		return err
	}
	s.began(begun)
	s.port.Team().Hold(-over)
	var results []R
	var undecoded error
	if n > 0 {
		if results, err = wire.Decode(w.frames, w.dec, data, n); err != nil {
			undecoded = crossing.Explained("cannot decode the result", err)
		}
	}
	s.finishing.Lock()
	defer s.finishing.Unlock()
	for _, c := range h.calls {
		s.port.Measured(&w.named[c.value].item, c.took, c.calls)
	}
	for i, m := range h.marks {
		why := undecoded
		if m.results == 0 {
			why = nil
		}
		if why == nil {
			s.handOn(w.named[i], results[:m.results])
			results = results[m.results:]
		} else {
			s.port.Unreserve(m.results) // they need no room
		}
		s.conclude(w, w.named[i], h.first+uint64(i), m, why)
	}
	s.settled(w, n)
	s.reuse(w.over)
	clear(w.named)
	clear(w.over)
	w.named, w.over = w.named[:0], w.over[:0]
	return nil
}

// claim finds the values that the header speaks of, and returns how many of them count as begun
// only now, and how many are over. It takes those off the list.
func (s *slot[A, B, R]) claim(w *remote[A, R]) (b begun, over int, err error) {
	h := &w.header
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(h.marks)
	if n == 0 || h.first != w.first || n > len(w.flights) {
		return b, 0, errProtocol
	}
	w.handing = true
	for i, f := range w.flights[:n] {
		if fate := h.marks[i].fate; fate != fateSkipped {
			f.count(&b, fate != fateOpen || !s.retries())
		}
	}
	w.named = append(w.named, w.flights[:n]...)
	if last := h.marks[n-1].fate; last == fateOpen || last == fateHeld {
		n--
	}
	if n > 0 {
		w.adapt(h.worked, n)
	}
	w.finish(n)
	return b, n, nil
}

// handOn hands the results of a value on, which waits for room if none is reserved.
func (s *slot[A, B, R]) handOn(f *flight[A], results []R) {
	for _, r := range results {
		if !s.lift(s.port, &f.item, r) {
			return
		}
	}
}

// conclude does what a mark says. undecoded is why the value's results could not be decoded, if so.
func (s *slot[A, B, R]) conclude(w *remote[A, R], f *flight[A], seq uint64, m mark, undecoded error) {
	switch {
	case m.fate == fateSkipped:
		if !f.taken {
			s.adopt(retake([]*flight[A]{f})...)
		}
	case m.fate == fateHeld:
		f.undecoded = nil // of this attempt
		s.pronounce(w, seq, s.failed(f, m.failure.Err()))
	case m.fate == fateFailed:
		if s.failed(f, m.failure.Err()) {
			s.adopt(f)
		}
	case undecoded != nil && m.fate == fateOpen:
		f.undecoded = undecoded
	case undecoded != nil || f.undecoded != nil:
		err := undecoded
		if err == nil {
			err = f.undecoded
		}
		f.undecoded = nil
		if s.failed(f, err) {
			s.adopt(f)
		}
	case m.fate == fateDone:
		s.port.Done(&f.item)
		w.over = append(w.over, f)
	}
}

// pronounce tells the worker whether a value that failed must run again.
func (s *slot[A, B, R]) pronounce(w *remote[A, R], seq uint64, again bool) {
	verdict := (seq + 1) << 1
	w.mu.Lock()
	defer w.mu.Unlock()
	if again {
		verdict |= 1
	} else {
		w.finish(1)
		s.port.Team().Hold(-1)
	}
	w.page.verdict.Store(verdict)
	w.ring()
}

// settled is called when results have been handed on. If the worker waits for that, it goes on.
func (s *slot[A, B, R]) settled(w *remote[A, R], results int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received += uint64(results)
	w.handing = false
	s.reserve(w)
	if len(w.flights) == 0 {
		s.giveRoomBack(w)
	}
	if w.header.waits {
		w.ring()
	}
}

// reserve gets room downstream for the results of what is with w, as far as there is any, and
// grants it to the worker. It must not be called while results are being handed on, or it would get
// away the room for which one of them waits. w.mu is held.
func (s *slot[A, B, R]) reserve(w *remote[A, R]) {
	if w.granted == unlimited {
		return
	}
	w.granted = max(w.granted, w.received)
	if want := len(w.flights) - int(w.granted-w.received); want > 0 {
		w.granted += uint64(s.port.Reserve(want))
	}
	w.page.granted.Store(w.granted)
}

// giveRoomBack returns the room that is reserved for results which w has not produced. w.mu is
// held.
func (s *slot[A, B, R]) giveRoomBack(w *remote[A, R]) {
	if w.granted <= w.received || w.granted == unlimited {
		return
	}
	kept := min(w.granted, w.page.lower(w.received))
	s.port.Unreserve(int(w.granted - kept))
	w.granted = kept
}
