package task

import (
	"runtime/pprof"
	"sync"

	"github.com/gopeln/pl/internal/loop"
)

// crew is the goroutines of a host that do what tasks await. A job may block for as long as it likes, so none waits for
// another: as long as there are any to do, somebody is on his way. Where jobs are short, whoever has finished one does the
// next, before that somebody arrives, and so most of them cost neither a new goroutine nor a wake-up.
type crew struct {
	owner *loop.Owner // of its labels

	mu          sync.Mutex
	first, last *job
	coming      bool // somebody has been called, and will look
	idle        int  // those that wait in called, and have not been
	called      sync.Cond
	over        bool

	present sync.WaitGroup // the goroutines, but for those whose job was abandoned; counted up under the lock
}

// mostIdle is how many wait for jobs at most. The stack of one is as large as a job has ever made it.
const mostIdle = 64

// job is something to do off the loop. do must recover its own panics; it may end the goroutine.
type job struct {
	do   interface{ run() }
	next *job

	done, abandoned bool // guarded by the crew's lock
}

func newCrew(o *loop.Owner) *crew {
	c := &crew{owner: o}
	c.called.L = &c.mu
	return c
}

// start has j done soon, by a goroutine of the crew.
func (c *crew) start(j *job) {
	c.mu.Lock()
	if c.first == nil {
		c.first = j
	} else {
		c.last.next = j
	}
	c.last = j
	c.call()
	c.mu.Unlock()
}

// call sees to it that somebody comes for what there is to do.
func (c *crew) call() {
	if c.first == nil || c.coming {
		return
	}
	c.coming = true
	if c.idle == 0 {
		c.present.Add(1)
		go c.work()
		return
	}
	c.idle--
	c.called.Signal()
}

// work is the life of one of the crew, from the moment it has been called.
func (c *crew) work() {
	counts := true
	defer func() {
		if counts {
			c.present.Done()
		}
	}()
	pprof.SetGoroutineLabels(c.owner.Labels())
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.coming = false; ; c.coming = false {
		for c.first != nil {
			c.doNext(&counts)
		}
		if c.over || c.idle == mostIdle {
			return
		}
		c.idle++
		c.called.Wait()
	}
}

// doNext does a job. The lock is held on entry and on return. After an abandoned job the goroutine counts again, unless
// nobody waits for it any more.
func (c *crew) doNext(counts *bool) {
	j := c.first
	if c.first, j.next = j.next, nil; c.first == nil {
		c.last = nil
	}
	c.call() // before j takes its time
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		j.done = true
		switch {
		case !j.abandoned:
		case c.over:
			*counts = false
		default:
			c.present.Add(1)
		}
	}()
	j.do.run()
}

// abandon says that nobody waits for j.
func (c *crew) abandon(j *job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !j.done {
		j.abandoned = true
		c.present.Done()
	}
}

// dismiss ends the goroutines that are idle, and each of the others after its job.
func (c *crew) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over, c.idle = true, 0
	c.called.Broadcast()
}

// wait waits, after dismiss, for all but those whose job was abandoned.
func (c *crew) wait() { c.present.Wait() }
