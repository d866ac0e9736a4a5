// Package patience calls what may block, such as a write to a terminal that was stopped with
// Ctrl-S, and what may panic, such as a writer of the user's. The caller goes on in any case, soon.
package patience

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/guard"
)

// Patience is for calls to one thing. The zero Patience is ready for use.
type Patience struct {
	late atomic.Int32 // calls that have not returned in time, and have not returned yet
}

const (
	patient  = 500 * time.Millisecond
	mostLate = 4
)

// ErrBlocked says that a call has not returned in time.
var ErrBlocked = errors.New("it has blocked for more than " + patient.String())

// Waiting reports whether a call is late.
func (p *Patience) Waiting() bool { return p.late.Load() > 0 }

// Soon calls f, and waits a moment for it. It does not call f as long as another call is late.
func (p *Patience) Soon(f func() error) error {
	if p.Waiting() {
		return nil
	}
	_, err := p.call(f, patient)
	return err
}

// AtLast calls f also while another call is late, for which f will have to wait; but it does not
// wait for that itself. An f that does not return in time is an error.
func (p *Patience) AtLast(f func() error) error {
	wait := patient
	switch late := p.late.Load(); {
	case late >= mostLate:
		return ErrBlocked
	case late > 0:
		wait = 0
	}
	done, err := p.call(f, wait)
	if !done {
		return ErrBlocked
	}
	return err
}

// call reports whether f has returned in time.
func (p *Patience) call(f func() error, wait time.Duration) (done bool, err error) {
	var settled atomic.Bool // by who comes first: the end of f, or the end of patience
	returned := make(chan error, 1)
	go func() {
		err := errors.New("")
		if trouble := guard.Call(func() { err = f() }); trouble != nil {
			err = trouble
		}
		if settled.Swap(true) {
			p.late.Add(-1)
		}
		returned <- err
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case err := <-returned:
		return true, err
	case <-timer.C:
	}
	if settled.Swap(true) {
		return true, <-returned
	}
	p.late.Add(1)
	return false, nil
}
