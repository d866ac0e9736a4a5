//go:build unix

package embed_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
	"github.com/gopeln/pl/internal/leak"
)

// troubled is a run that goes on until the trouble with its links is over.
type troubled struct {
	t    *testing.T
	got  atomic.Int64 // values that have arrived
	over atomic.Bool
}

// during runs the stage work until trouble has returned, and counts all values: they begin when trouble may begin.
func (r *troubled) during(c *cluster.Cluster, trouble func()) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Duration(*long)*2*time.Minute)
	defer cancel()
	n := 0
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for !r.over.Load() && yield(n) {
			n++
		}
		return nil
	})
	var got tally
	troubled := make(chan struct{})
	for v, err := range work(source).With(cluster.On(c), cluster.Lease(time.Second), pl.MaxSize(200)).All(ctx) {
		require.NoError(r.t, err)
		got.add(v)
		if r.got.Add(1) == 1 {
			go func() {
				defer close(troubled)
				defer r.over.Store(true)
				trouble()
			}()
		}
	}
	<-troubled
	got.check(r.t, n, func(i int) int { return 3 * i })
}

// goesOn waits until some more values have arrived.
func (r *troubled) goesOn() {
	before := r.got.Load()
	assert.Eventually(r.t, func() bool { return r.got.Load() > before+300 }, time.Minute, 10*time.Millisecond, "the run stalls")
}

// ways are which directions of a proxy a test cuts.
var ways = map[string]func(*proxy) []*direction{
	"both ways":       func(p *proxy) []*direction { return []*direction{&p.there, &p.back} },
	"to the server":   func(p *proxy) []*direction { return []*direction{&p.there} },
	"from the server": func(p *proxy) []*direction { return []*direction{&p.back} },
}

// put gives directions their terms.
func put(t terms, all ...*direction) {
	for _, d := range all {
		d.set(t)
	}
}

// leavesNothing checks after a test that it has left nothing in this process.
func leavesNothing(t *testing.T) {
	held := leak.Hold()
	t.Cleanup(func() { held.Check(t) })
}

// isEmpty checks that a server has nothing of any run.
func isEmpty(t *testing.T, s *embed.Server) {
	t.Helper()
	assert.Empty(t, jobStreams(t, s))
	js, err := jetstream.New(s.Conn())
	require.NoError(t, err)
	_, err = js.ObjectStore(t.Context(), "PLO_default")
	assert.ErrorIs(t, err, jetstream.ErrBucketNotFound)
}

// dialled is the parent's connection through a proxy.
func dialled(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := dial(url)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

func TestTheParentIsCutOff(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			s, url := listening(t)
			cast(t, "worker", url)
			cast(t, "worker", url)
			p, through := proxyOf(t, url)
			r := &troubled{t: t}
			r.during(cluster.New(dialled(t, through)), func() {
				cuts := []time.Duration{300 * time.Millisecond, 2500 * time.Millisecond} // the lease is a second
				if *long > 1 {
					cuts = append(cuts, 6*time.Second) // then the connection counts as broken
				}
				for range *long {
					for _, d := range cuts {
						put(terms{cut: true}, way(p)...)
						time.Sleep(d)
						put(terms{}, way(p)...)
						r.goesOn()
					}
				}
			})
			isEmpty(t, s)
		})
	}
}

func TestAWorkerIsCutOff(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			s, url := listening(t)
			p, through := proxyOf(t, url)
			cast(t, "worker", url)
			cast(t, "worker", through)
			r := &troubled{t: t}
			r.during(s.Cluster(), func() {
				for range *long {
					put(terms{cut: true}, way(p)...)
					time.Sleep(2500 * time.Millisecond)
					r.goesOn()
					put(terms{}, way(p)...) // what it says now is late
					r.goesOn()
				}
				put(terms{cut: true}, way(p)...)
				time.Sleep(200 * time.Millisecond)
			})
			isEmpty(t, s) // the run has ended without it
			put(terms{}, way(p)...)
		})
	}
}

func TestLinksAreSlow(t *testing.T) {
	for name, slow := range map[string]terms{
		"latency":   {latency: 30 * time.Millisecond},
		"bandwidth": {rate: 64 << 10},
		"closing":   {closing: 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			s, url := listening(t)
			p, through := proxyOf(t, url)
			put(slow, &p.there, &p.back)
			cast(t, "worker", through)
			cast(t, "worker", through)
			r := &troubled{t: t}
			nc := dialled(t, through)
			r.during(cluster.New(nc), func() {
				for range 2 * *long {
					r.goesOn()
					if slow.closing > 0 {
						assert.NoError(t, nc.ForceReconnect())
					}
				}
			})
			isEmpty(t, s)
		})
	}
}

func TestLinksAreReset(t *testing.T) {
	leavesNothing(t)
	s, url := listening(t)
	ofParent, throughOne := proxyOf(t, url)
	ofWorkers, throughTwo := proxyOf(t, url)
	cast(t, "worker", throughTwo)
	cast(t, "worker", throughTwo)
	r := &troubled{t: t}
	r.during(cluster.New(dialled(t, throughOne)), func() {
		for i := range 10 * *long {
			time.Sleep(time.Duration(100+50*(i%4)) * time.Millisecond)
			if i%3 != 1 {
				ofParent.reset()
			}
			if i%3 != 0 {
				ofWorkers.reset()
			}
		}
		r.goesOn()
	})
	isEmpty(t, s)
}
