package task

import (
	"runtime/pprof"
	"sync"

	"github.com/gopeln/pl/internal/loop"
)

// pool is the goroutines of an executor that do the jobs that tasks await.
//
// A job may block for any time, so no job waits for another: while there is a job to do, a
// goroutine has been started or woken for it. But a goroutine that has finished a job does the next
// one itself if the other has not taken it by then. So most short jobs cost neither a new goroutine
// nor a wake-up.
type pool struct {
	owner *loop.Owner // for its profiler labels

	mu          sync.Mutex // guards what follows, but for running
	first, last *job       // to be done
	called      bool       // a goroutine has been started or woken, and has not looked yet
	idle        int        // goroutines that wait in wake, less the one that has been woken
	wake        sync.Cond
	closed      bool

	// running counts the goroutines, except those whose job is abandoned. It is raised under mu.
	running sync.WaitGroup
}

// mostIdle bounds the goroutines that wait for jobs. Each keeps a stack that is as large as its
// largest job has made it.
const mostIdle = 64

// job is a function to call off the loop. do must recover its own panics; it may end its goroutine.
type job struct {
	do   interface{ run() }
	next *job // in the pool's list; guarded by the pool's lock

	done, abandoned bool // guarded by the pool's lock
}

func newPool(o *loop.Owner) *pool {
	p := &pool{owner: o}
	p.wake.L = &p.mu
	return p
}

// start makes a goroutine do j soon. It does not wait.
func (p *pool) start(j *job) {
	p.mu.Lock()
	if p.first == nil {
		p.first = j
	} else {
		p.last.next = j
	}
	p.last = j
	p.call()
	p.mu.Unlock()
}

// call wakes or starts a goroutine if there is a job, unless one is called already. The caller must
// hold the lock.
func (p *pool) call() {
	if p.first == nil || p.called {
		return
	}
	p.called = true
	if p.idle == 0 {
		p.running.Add(1)
		go p.work()
		return
	}
	p.idle--
	p.wake.Signal()
}

// work is the function of a goroutine: it does jobs until the pool is closed.
func (p *pool) work() {
	counted := true
	defer func() {
		if counted {
			p.running.Done()
		}
	}()
	pprof.SetGoroutineLabels(p.owner.Labels())
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.called = false; ; p.called = false {
		for p.first != nil {
			p.doNext(&counted)
		}
		if p.closed || p.idle == mostIdle {
			return
		}
		p.idle++
		p.wake.Wait()
	}
}

// doNext does a job. The caller must hold the lock, which doNext releases while the job runs. If
// the job is abandoned meanwhile, running no longer counts the goroutine; when the job returns, it
// counts it again, unless the pool is closed.
func (p *pool) doNext(counted *bool) {
	j := p.first
	if p.first, j.next = j.next, nil; p.first == nil {
		p.last = nil
	}
	p.call() // before j takes its time
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		j.done = true
		switch {
		case !j.abandoned:
		case p.closed:
			*counted = false
		default:
			p.running.Add(1)
		}
	}()
	j.do.run()
}

// abandon makes wait not wait for j, unless j is done.
func (p *pool) abandon(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !j.done {
		j.abandoned = true
		p.running.Done()
	}
}

// close ends the idle goroutines, and each of the others after its job.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.idle = true, 0
	p.wake.Broadcast()
}

// wait waits, after close, for all goroutines except those whose job is abandoned.
func (p *pool) wait() { p.running.Wait() }
