package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/crossing"
)

// stage is the near end of a stage in one run. Each of its slots has one worker process at a time.
type stage[A, B, R any] struct {
	*remoteFunc[A, B, R]
	site     *pl.Site
	in       crossing.Channel[A]
	out      crossing.Channel[R]
	settings settings
	setups   []call
	stderr   stderr
	slots    []*slot[A, B, R]
	starter  *child.Starter
	started  atomic.Bool  // a worker was, in this run
	active   atomic.Int32 // slots that have had a worker and are not at their end
	ledger   ledger
	observed bool
	busy     chan struct{} // wakes the watch
	err      error         // why the stage cannot run
}

// remoteFunc is what a stage does: its function is elsewhere.
type remoteFunc[A, B, R any] struct {
	registration *crossing.Registration
	// lift hands on what came back for a value, and reports false where no more is wanted.
	lift func(p *pl.Port[A, B], it *pl.Item[A], r R) bool
}

// check reports why the stage cannot run. The run asks before it reads any source.
func (f *remoteFunc[A, B, R]) check(site *pl.Site) error { return f.in(site).err }

// in is the stage in its run.
func (f *remoteFunc[A, B, R]) in(site *pl.Site) *stage[A, B, R] {
	type ofSite struct{ site *pl.Site } // not embedded: its methods would be compiled for each stage
	return site.Shared(ofSite{site}, func() any {
		s := &stage[A, B, R]{remoteFunc: f, site: site, busy: make(chan struct{}, 1), observed: site.Observed()}
		s.err = s.prepare()
		return s
	}).(*stage[A, B, R])
}

// drive runs the stage in one run.
func (f *remoteFunc[A, B, R]) drive(ports pl.Ports[A, B]) {
	site := ports.Site()
	s := f.in(site)
	for i := range site.Workers() {
		s.slots = append(s.slots, newSlot(s, i, ports.Port(i)))
	}
	site.Go(s.run)
}

// prepare finds out whether the stage can run.
func (s *stage[A, B, R]) prepare() (err error) {
	if isWorker && !mainCalled.Load() {
		fmt.Fprintln(os.Stderr, "process: this process was started as a worker, and runs a stage instead of calling process.Main")
		os.Exit(exitMisplaced)
	}
	if err := child.Unsupported(); err != nil {
		return err
	}
	if err := runnable(s.registration); err != nil {
		return err
	}
	s.settings = settingsOf(s.site.Setting)
	s.stderr.own = s.settings.stderr
	var inErr, outErr error
	s.in, inErr = crossing.ChannelFor[A](s.settings.codec)
	s.out, outErr = crossing.ChannelFor[R](s.settings.codec)
	if inErr != nil {
		inErr = fmt.Errorf("its values: %w", inErr)
	}
	if outErr != nil {
		outErr = fmt.Errorf("its results: %w", outErr)
	}
	var setupErr error
	s.setups, setupErr = setupsOf(s.site)
	return errors.Join(inErr, outErr, setupErr)
}

func (s *stage[A, B, R]) run() {
	s.starter = child.NewStarter()
	defer s.starter.Close()
	defer s.stderr.close()
	over := make(chan struct{})
	var slots, watch sync.WaitGroup
	defer watch.Wait()
	defer close(over)
	defer slots.Wait()
	for _, slot := range s.slots {
		slots.Add(1)
		s.site.Background(func() {
			defer slots.Done()
			slot.run()
		})
	}
	watch.Go(func() { s.watch(over) })
}

// hello is what the stage's next worker is told. With prompt, each of its results is written at
// once.
func (s *stage[A, B, R]) hello(index int, prompt bool) hello {
	timeout := s.site.Timeout()
	deadline, _ := s.site.Context().Deadline()
	return hello{
		Key: s.registration.Key, In: s.registration.In.String(), Out: s.registration.Out.String(), Build: build(),
		Stage: s.site.Name(), Index: index, Codec: [2]string{s.in.Name, s.out.Name},
		Deadline: deadline, Timeout: timeout, Pauses: s.site.Results() == pl.Many, Holds: s.retries() || s.site.Reports(),
		Prompt:      prompt || s.dropsErrors() && !s.retries() || timeout > 0 && timeout < 10*lag,
		MemoryLimit: s.settings.memoryLimit, Setups: s.setups, Observed: s.observed,
	}
}

// retries: a value whose result was lost may run again.
func (s *stage[A, B, R]) retries() bool { return s.site.Attempts() > 1 }

// dropsErrors: the run may outlive a crash, which then must cost one value only.
func (s *stage[A, B, R]) dropsErrors() bool { return s.site.Tolerant() }

// environment is what the stage's workers get besides the program's own.
func (s *stage[A, B, R]) environment() []string {
	env := raceEnvironment()
	if os.Getenv("GOMAXPROCS") == "" {
		share := max(1, runtime.GOMAXPROCS(0)/len(s.slots))
		env = append(env, fmt.Sprintf("GOMAXPROCS=%d", share))
	}
	return append(env, s.settings.env...)
}

// fail fails the run with an error that is about a worker and no value.
func (s *stage[A, B, R]) fail(worker int, err error) {
	s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: worker, Err: err})
}

// stopping reports whether the stage must stop. Its context ends a moment before the site has taken
// note, or after.
func (s *stage[A, B, R]) stopping() bool { return s.site.Stopping() || s.site.Context().Err() != nil }

// stir tells the watch that there is something to look at.
func (s *stage[A, B, R]) stir() {
	select {
	case s.busy <- struct{}{}:
	default:
	}
}
