package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// job is one stage of one run, as a worker takes part in it. The server's lock guards it.
type job struct {
	spec
	srv    *server
	make   newRunner
	ctx    context.Context // of the functions
	cancel func(crossing.Ending)

	bounded atomic.Bool // spec.Bounded of now
	heard   time.Time
	told    time.Time // when it gave its last sign of life
	over    bool      // it has ended
	left    bool      // since the worker leaves
	closed  bool      // all is closed
	broken  bool      // OnStart has failed
	onEnd   []*crossing.Failure
	runners map[int]*seated // by slot
	strays  strays

	sub       *nats.Subscription // of what was pulled
	inbox     string
	asked     int // messages that were asked for and have not come
	pulled    time.Time
	notBefore time.Time // no pull
	pending   []*delivery
	cost      time.Duration // of a delivery
}

// seated is a runner in its slot.
type seated struct {
	runner
	busy  bool
	stuck bool // its function was abandoned, and has not returned
}

// newRunner makes a runner of a job for a slot.
type newRunner func(j *job, slot int) runner

// runner runs a job's function in one slot.
type runner interface {
	// open calls OnStart.
	open() error
	// run runs the values of d that are left.
	run(d *delivery)
	// exited is called where the function has ended the goroutine. It reports whether run must be called again.
	exited() bool
	// close calls OnEnd.
	close(left int) error
}

// newJob makes a job, or says why this worker cannot take part in it. The lock is held.
func (s *server) newJob(sp *spec) (j *job, why string) {
	here := " (" + s.where() + ")"
	if sp.Protocol != protocol {
		return nil, fmt.Sprintf("the worker speaks version %d of the protocol, and the parent version %d: build both with the same release%s",
			protocol, sp.Protocol, here)
	}
	r, ok := crossing.Find(sp.Key)
	if !ok || r.Backend != backend {
		return nil, fmt.Sprintf("the worker's program has no stage %q: make it there too, and give it a pl.Name%s", sp.Key, here)
	}
	if r.Err != nil {
		return nil, r.Err.Error() + here
	}
	if in, out := crossing.Describe(r.In), crossing.Describe(r.Out); in != sp.In || out != sp.Out {
		return nil, fmt.Sprintf("the stage %q is %v→%v in the worker's program, of which the types are not those of the parent's: "+
			"build both of one source%s", sp.Key, r.In, r.Out, here)
	}
	if sp.Memory != memory() {
		return nil, fmt.Sprintf("the worker's machine lays out values as %s, and the parent's as %s%s", memory(), sp.Memory, here)
	}
	deadline := time.Time{}
	if sp.Left != 0 {
		deadline = time.Now().Add(sp.Left)
	}
	ctx, cancel := crossing.NewContext(deadline, pl.WorkerInfo{Stage: sp.Stage})
	j = &job{
		spec: *sp, srv: s, make: r.Serve.(newRunner), ctx: ctx, cancel: cancel, heard: time.Now(), runners: map[int]*seated{},
		inbox: s.inbox(nuid.Next()),
	}
	if codec := r.Serve.(newRunner)(j, 0).(interface{ codec() ([2]string, error) }); codec != nil {
		names, err := codec.codec()
		if err != nil {
			return nil, err.Error() + here
		}
		if names != sp.Codec {
			return nil, fmt.Sprintf("the stage %q has the codecs %v in the worker's program, and %v in the parent's: give process.WithCodec "+
				"where the stage is made%s", sp.Key, names, sp.Codec, here)
		}
	}
	var err error
	if j.sub, err = s.nc.Subscribe(j.inbox, j.arrived); err != nil {
		return nil, err.Error() + here
	}
	_ = j.sub.SetPendingLimits(-1, -1)
	return j, ""
}

// endJob ends a job: nothing more begins, and what is open is closed. The lock is held.
func (s *server) endJob(j *job, how *crossing.Ending) {
	j.over = true
	j.stopPulling()
	for _, d := range j.pending {
		delete(s.held, d)
	}
	j.pending = nil
	if how != nil {
		j.cancel(*how)
	}
	for d := range s.held {
		if d.job == j {
			d.ring()
			if d.isFinished() {
				delete(s.held, d)
			}
		}
	}
	for slot, r := range j.runners {
		if !r.busy {
			j.close(slot, r)
		}
	}
	s.loops.Go(func() { // which a worker that leaves waits for
		s.mu.Lock()
		defer s.mu.Unlock()
		j.reportEnd()
	})
}

// close closes an idle runner. The lock is held.
func (j *job) close(slot int, r *seated) {
	r.busy = true
	left := len(j.runners) - 1
	j.srv.loops.Go(func() {
		err := crossing.Apart(func() error { return r.close(left) })
		j.srv.mu.Lock()
		defer j.srv.mu.Unlock()
		delete(j.runners, slot)
		if err != nil {
			j.onEnd = append(j.onEnd, crossing.NewFailure(err))
		}
		j.reportEnd()
	})
}

// giveSignOfLife is a worker's answer to the parent's. The lock is held.
func (j *job) giveSignOfLife(now time.Time) {
	j.told = now
	r := report{Active: new(int)}
	for _, at := range j.runners {
		if at.busy && !at.stuck {
			*r.Active++
		}
	}
	if j.strays.Last > 0 {
		r.Strays = &j.strays
	}
	j.srv.say(j.Job, r)
}

// reportEnd tells the parent how far the end has got. A function that was abandoned is not waited for. The lock is held.
func (j *job) reportEnd() {
	for _, r := range j.runners {
		if !r.stuck {
			j.srv.say(j.Job, report{Closing: true})
			return
		}
	}
	j.srv.say(j.Job, report{Closed: true, Left: j.left, OnEnd: slices.Clone(j.onEnd)})
	if !j.closed {
		j.closed = true
		j.cancel(crossing.Ending{Cause: crossing.NewFailure(context.Canceled)})
		time.AfterFunc(j.Lease, func() { // until then it may be asked again
			j.srv.mu.Lock()
			defer j.srv.mu.Unlock()
			j.srv.forget(j)
		})
	}
}

// failureOf is why a value failed here.
func (j *job) failureOf(err error) *failure {
	return &failure{Failure: crossing.NewFailure(err), Where: j.srv.where()}
}
