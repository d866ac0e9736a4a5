package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// remoteFunc is what a stage does: its function is elsewhere.
type remoteFunc[A, B, R any] struct {
	registration *crossing.Registration
	// lift hands on what came back for a value, and reports false where no more is wanted.
	lift func(p *pl.Port[A, B], it *pl.Item[A], r R) bool
}

// stage is a stage in one run, at the parent.
type stage[A, B, R any] struct {
	*remoteFunc[A, B, R]
	*Cluster
	site     *pl.Site
	in       crossing.Channel[A]
	out      crossing.Channel[R]
	settings settings
	run      string // of the whole run
	job      string
	log      *slog.Logger
	port     *pl.Port[A, B]
	driven   atomic.Bool
	stops    []func()
	closing  sync.Once

	workers roster
	sizing  sizing
	freed   chan struct{} // there may be credit, or something to send

	// Of the goroutine that sends.
	enc     wire.Encoder[A]
	empty   *slab[A] // for what is pulled next; nil: none
	ids     []uint64
	plain   []A
	buf     []byte // of the encoded values
	message []byte

	// finishing is held around what finishes values at the port.
	finishing sync.Mutex
	frame     frame
	dec       wire.Decoder[R]
	named     []*value[A]   // those that the frame speaks of
	done      []*value[A]   // of them, those that have ended well and are not counted yet
	items     []*pl.Item[A] // of values that are handed on together

	mu       sync.Mutex
	stream   string // of this incarnation
	making   string // a stream that is being made, or was perhaps made although no answer came
	made     int    // incarnations
	parcels  map[uint64]*parcel[A]
	last     uint64 // parcel
	lastID   uint64 // value
	own      []*value[A]
	spare    []*slab[A] // whose values have all ended
	timers   map[*value[A]]*time.Timer
	ended    bool // the input has
	flying   int  // values that were pulled and have not ended
	waiting  int  // of them, those that wait for another attempt
	begun    int  // values ever that count as begun
	over     int  // values ever that have ended
	reserved int
	bytes    int64
	pulling  context.CancelFunc // makes the sender look at own again
	figures  figures
	seats    seats
}

// check reports why the stage cannot run. The run asks before it reads any source.
func (f *remoteFunc[A, B, R]) check(site *pl.Site) error {
	s := f.at(site)
	if err := s.prepare(); err != nil {
		s.close()
		return err
	}
	context.AfterFunc(site.Context(), func() {
		if !s.driven.Load() { // the run has ended before it began
			s.close()
		}
	})
	return nil
}

// at is the stage in its run.
func (f *remoteFunc[A, B, R]) at(site *pl.Site) *stage[A, B, R] {
	type ofSite struct{ site *pl.Site } // not embedded: its methods would be compiled for each stage
	return site.Shared(ofSite{site}, func() any {
		return &stage[A, B, R]{
			remoteFunc: f, site: site, freed: make(chan struct{}, 1), parcels: map[uint64]*parcel[A]{},
			timers: map[*value[A]]*time.Timer{},
		}
	}).(*stage[A, B, R])
}

// drive runs the stage in one run.
func (f *remoteFunc[A, B, R]) drive(ports pl.Ports[A, B]) {
	s := f.at(ports.Site())
	s.port = ports.Port(-1)
	s.driven.Store(true)
	s.site.Go(s.runAll)
}

type runKey struct{}

// refusedSetup returns an error if a process.Setup is among a stage's settings.
func refusedSetup(site *pl.Site) error {
	for key := range site.Settings() {
		if s, ok := key.(crossing.Setup); ok {
			return fmt.Errorf("the process.Setup made at %s cannot be used here, since the workers of a cluster outlive the run and "+
				"serve several programs: send what the function needs with each value, or give the workers their own "+
				"configuration, as by their environment or a pl.OnStart", s.MadeAt())
		}
	}
	return nil
}

// prepare finds out whether the stage can run, and waits for a worker.
func (s *stage[A, B, R]) prepare() error {
	crossing.Complete()
	s.settings = settingsOf(s.site.Setting)
	if err := errors.Join(s.registration.Problem(), refusedSetup(s.site)); err != nil {
		return err
	}
	var inErr, outErr error
	s.in, inErr = crossing.ChannelFor[A](s.settings.codec)
	s.out, outErr = crossing.ChannelFor[R](s.settings.codec)
	if inErr != nil {
		inErr = fmt.Errorf("its values: %w", inErr)
	}
	if outErr != nil {
		outErr = fmt.Errorf("its results: %w", outErr)
	}
	if err := errors.Join(inErr, outErr); err != nil {
		return err
	}
	if s.settings.cluster == nil {
		return errors.New("it has no cluster to run on: each stage of package cluster needs cluster.On, as in step(input).With(cluster.On(c))")
	}
	s.Cluster = s.settings.cluster
	if err := s.problem(); err != nil {
		return err
	}
	ctx := s.site.Context()
	if err := s.reach(ctx, s.settings.waitWorkers); err != nil {
		return err
	}
	s.run = s.site.Shared(runKey{}, func() any { return nuid.Next() }).(string)
	s.job = nuid.Next()
	s.log = slog.With("namespace", s.namespace, "run", s.run, "stage", s.site.Name())
	s.workers.came = make(chan struct{}, 1)
	s.site.Remote(s.remote)
	return s.open(ctx)
}

// open makes the stream and waits for a worker.
func (s *stage[A, B, R]) open(ctx context.Context) error {
	for subject, f := range map[string]func(*nats.Msg){
		s.results(s.job): s.take, s.reports(s.job): s.hear, s.hello(): s.greet,
	} {
		stop, err := s.subscribe(subject, f)
		if err != nil {
			return err
		}
		s.stops = append(s.stops, stop)
	}
	if err := s.newStream(ctx); err != nil {
		return err
	}
	return s.findWorkers(ctx)
}

// newStream makes a stream for the work, another one each time.
func (s *stage[A, B, R]) newStream(ctx context.Context) error {
	most := -1
	if s.site.WorkersGiven() {
		most = s.site.Workers()
	}
	s.mu.Lock()
	old := s.streams()
	s.made++
	name := fmt.Sprintf("%s_%d", s.Cluster.stream(s.job), s.made)
	s.making = name
	s.mu.Unlock()
	for _, stream := range old {
		_ = s.deleteStream(ctx, stream) // two streams cannot have one subject
	}
	// A server may delete before it has created, whatever the order of the requests, so the answer is waited for.
	lasting, cancel := outlasting(ctx, makingPatience)
	defer cancel()
	if err := s.createStream(lasting, s.job, name, &s.settings, most); err != nil {
		return err
	}
	s.mu.Lock()
	s.stream, s.making = name, ""
	s.mu.Unlock()
	return nil
}

// makingPatience is how long a run that has ended waits for a stream that is being made, to delete it.
const makingPatience = 2 * time.Second

// outlasting returns a context that ends d after ctx.
func outlasting(ctx context.Context, d time.Duration) (lasting context.Context, cancel func()) {
	lasting, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, func() { end(context.Cause(ctx)) }) })
	return lasting, func() {
		stop()
		end(nil)
	}
}

// streams are those that the servers may have. The lock is held.
func (s *stage[A, B, R]) streams() (names []string) {
	for _, name := range []string{s.stream, s.making} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// findWorkers waits for a worker that fits.
func (s *stage[A, B, R]) findWorkers(ctx context.Context) error {
	start := time.Now()
	for s.workers.slots() == 0 {
		s.beat()
		left := s.settings.waitWorkers - time.Since(start)
		if left <= 0 {
			return &NoWorkersError{Waited: s.settings.waitWorkers, Reasons: s.workers.reasons()}
		}
		timer := time.NewTimer(min(left, 250*time.Millisecond))
		select {
		case <-s.workers.came:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// beat is a sign of life for the workers.
func (s *stage[A, B, R]) beat() {
	s.mu.Lock()
	stream := s.stream
	s.mu.Unlock()
	host, _ := os.Hostname()
	sp := &spec{
		Protocol: protocol, Job: s.job, Run: s.run, Stage: s.site.Name(), Key: s.registration.Key,
		In: crossing.Describe(s.registration.In), Out: crossing.Describe(s.registration.Out), Codec: [2]string{s.in.Name, s.out.Name},
		Memory: memory(), Build: build(), Host: host, PID: os.Getpid(), Stream: stream, Lease: s.settings.lease,
		Timeout: s.site.Timeout(), Many: s.site.Results() == pl.Many, Bounded: s.driven.Load() && !s.port.Boundless(),
		Observed: s.site.Observed(),
	}
	if deadline, ok := s.site.Context().Deadline(); ok {
		sp.Left = max(time.Until(deadline), 1)
	}
	s.tell(order{Spec: sp})
}

// tell sends an order to the workers.
func (s *stage[A, B, R]) tell(o order) {
	text, err := json.Marshal(o)
	if err == nil {
		err = s.nc.Publish(s.orders(s.job), text)
	}
	if err != nil {
		s.log.Debug("cluster: cannot reach the workers", "error", err)
	}
}

// runAll moves values until the input has ended and all are done, or the stage must stop.
func (s *stage[A, B, R]) runAll() {
	over := make(chan struct{})
	var keepers sync.WaitGroup
	keepers.Go(func() { s.live(over) })
	keepers.Go(func() { s.keep(over) })
	s.mu.Lock()
	s.count()
	s.mu.Unlock()
	s.port.Team().Begin()
	s.feed()
	s.port.Team().End()
	s.mu.Lock()
	for v, t := range s.timers {
		t.Stop()
		delete(s.timers, v)
	}
	s.mu.Unlock()
	close(over)
	keepers.Wait()
	s.close()
}

// stopping reports whether the stage must stop. Its context ends a moment before the site has taken
// note, or after.
func (s *stage[A, B, R]) stopping() bool { return s.site.Stopping() || s.site.Context().Err() != nil }

// endPatience is how long a run waits for the OnEnds of its workers.
const endPatience = 5 * time.Second

// close tells the workers that the job is over, waits for them, and deletes what was made for it.
func (s *stage[A, B, R]) close() {
	s.closing.Do(func() {
		if s.Cluster == nil || s.job == "" {
			return
		}
		var how *crossing.Ending
		if s.stopping() {
			<-s.site.Context().Done() // the site may take note a moment before
			e := crossing.EndingOf(s.site.Context())
			how = &e
		}
		s.farewell(how)
		for _, stop := range s.stops {
			stop()
		}
		s.finishing.Lock()
		s.finishing.Unlock() //nolint:staticcheck // who held it has gone
		s.mu.Lock()
		streams, reserved := s.streams(), s.reserved
		s.reserved = 0
		s.mu.Unlock()
		if s.port != nil {
			s.port.Unreserve(reserved)
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.site.Context()), endPatience)
		defer cancel()
		if len(streams) > 0 && s.nc.IsConnected() {
			for _, stream := range streams {
				if err := s.deleteStream(ctx, stream); err != nil {
					s.log.Debug("cluster: a stream is left for the sweep", "stream", stream, "error", err)
				}
			}
			if s.sizing.large.Load() {
				if err := s.dropLarge(ctx, s.job, ""); err != nil {
					s.log.Debug("cluster: objects are left for the sweep", "error", err)
				}
			}
		}
		if f := s.tally(); f != (figures{}) {
			s.log.Info("cluster: values ran again", "redelivered", f.redelivered, "duplicates", f.duplicates, "resubmitted", f.resubmitted)
		}
	})
}

// farewell tells the workers of the end, and waits until they have closed what they opened.
func (s *stage[A, B, R]) farewell(how *crossing.Ending) {
	start := time.Now()
	for pause := 250 * time.Millisecond; ; {
		s.tell(order{End: true, How: how})
		timer := time.NewTimer(pause)
		for again := false; !again; {
			if s.workers.closed(time.Since(start) > s.silence()) || time.Since(start) > endPatience || s.nc.IsClosed() {
				timer.Stop()
				for _, err := range s.workers.onEnd() {
					s.site.Closed(-1, err)
				}
				return
			}
			select {
			case <-s.workers.came:
			case <-timer.C:
				again = true
			}
		}
	}
}

// silence is how long a worker may take to answer to the end before it counts as lost.
func (s *stage[A, B, R]) silence() time.Duration { return min(s.settings.lease, 2*time.Second) }
