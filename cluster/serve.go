package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/gopeln/pl/internal/crossing"
)

// ServeOption is a setting of [Cluster.Serve].
type ServeOption func(*server)

// Slots sets how many values run at once on this machine, GOMAXPROCS by default. The runs that the
// worker takes part in share them fairly.
func Slots(n int) ServeOption { return func(s *server) { s.slots = n } }

// Serve is a worker for all functions that the program has registered, until ctx ends. Then it gives
// back what has not begun, lets the functions that run finish, calls OnEnd, and returns nil. It
// returns an error if it cannot begin, or if the connection was closed.
//
// No stages can be made after it has been called.
func (c *Cluster) Serve(ctx context.Context, opts ...ServeOption) error {
	s := &server{Cluster: c, slots: runtime.GOMAXPROCS(0)}
	for _, o := range opts {
		if o != nil {
			o(s)
		}
	}
	if err := c.problem(); err != nil {
		return fmt.Errorf("cluster: Serve: %w", err)
	}
	if s.slots < 1 {
		return fmt.Errorf("cluster: Serve: Slots(%d): must be at least 1", s.slots)
	}
	crossing.Complete()
	if err := s.serve(ctx); err != nil {
		return fmt.Errorf("cluster: Serve: %w", err)
	}
	return nil
}

// server is one call of Serve.
type server struct {
	*Cluster
	slots int
	id    string
	host  string
	log   *slog.Logger

	mu       sync.Mutex
	wake     *sync.Cond // a slot may have something to do
	jobs     map[string]*job
	ring     []*job // those with work, in the order of their turns
	held     map[*delivery]struct{}
	attempts uint64
	running  int    // deliveries
	alone    bool   // one of them must be alone
	stuck    int    // slots whose function was abandoned and has not returned
	taken    []bool // indexes of slots
	live     int    // slots, now
	leaving  bool
	heard    map[string]time.Time // when the parent of a job spoke last
	loops    sync.WaitGroup
	links    int // of the connection, ever
}

// tick is how often a worker looks after what it holds.
const tick = 25 * time.Millisecond

func (s *server) serve(ctx context.Context) error {
	s.id = nuid.Next()
	s.host, _ = os.Hostname()
	s.log = slog.With("namespace", s.namespace, "worker", s.id)
	s.wake = sync.NewCond(&s.mu)
	s.jobs, s.held, s.heard = map[string]*job{}, map[*delivery]struct{}{}, map[string]time.Time{}
	if err := s.reach(ctx, 30*time.Second); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	orders, err := s.subscribe(s.orders("*"), s.order)
	if err != nil {
		return err
	}
	defer orders()
	answers, err := s.subscribe(s.inbox(s.id), s.answer)
	if err != nil {
		return err
	}
	defer answers()
	s.mu.Lock()
	for range s.slots {
		s.addSlot()
	}
	s.mu.Unlock()
	if err := s.nc.Publish(s.hello(), nil); err != nil {
		return err
	}
	s.log.Info("cluster: serving", "slots", s.slots, "functions", len(crossing.Of(backend)))
	sweeping := make(chan struct{})
	sweepCtx, stopSweeping := context.WithCancel(ctx)
	go func() {
		defer close(sweeping)
		s.sweepForEver(sweepCtx)
	}()
	err = s.attend(ctx)
	stopSweeping()
	<-sweeping
	s.leave()
	s.log.Info("cluster: has left")
	return err
}

// subscribe calls f with each message, one after the other, until stop, which waits for f.
func (c *Cluster) subscribe(subject string, f func(*nats.Msg)) (stop func(), err error) {
	sub, err := c.nc.Subscribe(subject, f)
	if err != nil {
		return nil, err
	}
	_ = sub.SetPendingLimits(-1, -1)
	ended := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(ended) })
	return func() {
		if sub.Unsubscribe() != nil {
			return // the connection is closed
		}
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
		}
	}, nil
}

// attend looks after what the worker holds until ctx ends.
func (s *server) attend(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if s.nc.IsClosed() {
			return s.closed()
		}
		now := time.Now()
		s.lookAfter(now, now.Sub(last) > time.Second)
		last = now
	}
}

// lookAfter does what is to be done from time to time. If the process was frozen, what it has not heard meanwhile means
// nothing.
func (s *server) lookAfter(now time.Time, frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := int(s.nc.Stats().Reconnects)
	lost := links != s.links
	s.links = links
	for _, j := range s.jobs {
		if frozen {
			j.heard = now
		}
		if lost {
			j.asked = 0
		}
		if now.Sub(j.heard) > j.Lease && !j.over {
			s.log.Warn("cluster: the parent is silent", "run", j.Run, "stage", j.Stage, "lease", j.Lease)
			s.endJob(j, &crossing.Ending{Cause: crossing.NewFailure(fmt.Errorf("the run's parent has been silent for its lease, %v", j.Lease))})
			continue
		}
		if j.Observed && !j.over && now.Sub(j.told) > time.Second {
			j.giveSignOfLife(now)
		}
		s.keepUp(j, now)
	}
	for d := range s.held {
		d.giveBackIfStuck(now)
		if d.job.over {
			continue
		}
		d.beat(now)
		d.resend(now)
	}
}

// order takes what a parent says to all workers.
func (s *server) order(msg *nats.Msg) {
	var o order
	name := msg.Subject[strings.LastIndexByte(msg.Subject, '.')+1:]
	if json.Unmarshal(msg.Data, &o) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case o.End:
		s.heard[name] = time.Now()
		if j := s.jobs[name]; j != nil && !j.over {
			s.endJob(j, o.How)
		} else if j == nil {
			s.say(name, report{Closed: true})
		} else {
			j.reportEnd()
		}
	case o.Spec != nil && o.Spec.Job == name:
		s.heard[name] = time.Now()
		s.beat(o.Spec)
	}
}

// beat takes part in a job, if that is possible. The lock is held.
func (s *server) beat(sp *spec) {
	j := s.jobs[sp.Job]
	if j != nil && j.over || s.leaving {
		return
	}
	if j == nil {
		made, why := s.newJob(sp)
		if why != "" {
			s.say(sp.Job, report{Refused: why})
			return
		}
		j = made
		s.jobs[sp.Job] = j
		s.ring = append(s.ring, j)
		s.log.Info("cluster: takes part", "run", j.Run, "stage", j.Stage, "parent", fmt.Sprintf("%s, process %d", j.Host, j.PID))
		if sp.Build != build() {
			s.log.Warn("cluster: the parent is of another build", "run", j.Run, "stage", j.Stage, "build", build(), "parents", sp.Build)
		}
	}
	now := time.Now()
	j.heard = now
	j.bounded.Store(sp.Bounded)
	if sp.Stream != j.Stream {
		j.Stream = sp.Stream
		j.asked = 0
	}
	j.giveSignOfLife(now)
	s.ask(j)
}

// say sends a report to the parent of a job.
func (s *server) say(job string, r report) {
	r.Worker, r.Host, r.PID, r.Slots, r.Build = s.id, s.host, os.Getpid(), s.slots, build()
	text, err := json.Marshal(r)
	if err == nil {
		err = s.nc.Publish(s.reports(job), text)
	}
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		s.log.Warn("cluster: cannot report", "job", job, "error", err)
	}
}

// leave gives back what has not begun, waits for what runs, and closes all.
func (s *server) leave() {
	s.mu.Lock()
	s.leaving = true
	for _, j := range s.jobs {
		j.stopPulling()
		j.givePendingBack()
	}
	for d := range s.held {
		d.giveRestBack()
	}
	s.wake.Broadcast()
	s.mu.Unlock()
	s.loops.Wait()
	s.mu.Lock()
	for _, j := range s.jobs {
		if !j.over {
			j.left = true
			s.endJob(j, nil)
		}
	}
	s.mu.Unlock()
	s.loops.Wait()
	_ = s.nc.FlushTimeout(time.Second)
}

// where names the worker, for people.
func (s *server) where() string { return where(s.host, os.Getpid()) }

// forget takes a job off the list. The lock is held.
func (s *server) forget(j *job) {
	delete(s.jobs, j.Job)
	s.ring = slices.DeleteFunc(s.ring, func(k *job) bool { return k == j })
}
