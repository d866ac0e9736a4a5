package process

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/guard"
)

const (
	// longestLine is what a worker may write without a line's end before it is passed on as it is.
	longestLine = 64 << 10
	// longestDump is how much of a crash dump is kept back. A longer one is passed on.
	longestDump = 4 << 20
	// dumpPatience is how long lines that may begin a crash dump are kept back while the worker
	// lives on. Longer would only keep the program's standard error tidier: what is passed on is
	// remembered.
	dumpPatience = 250 * time.Millisecond
	// drainPatience is how long the reader of a dead worker's standard error waits for its end,
	// which does not come while a process that the worker has started lives on.
	drainPatience = time.Second
)

// stderr is the standard error of a stage's workers in one run.
type stderr struct {
	own io.Writer // given with Stderr; nil: the program's standard error, without dumps that are in a CrashError

	mu     sync.Mutex
	reader map[*stderrReader]struct{} // those that have not ended

	writing sync.Mutex
}

// write passes whole lines on. What the writer makes of them does not concern the run.
func (s *stderr) write(lines []byte) {
	if len(lines) == 0 {
		return
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.own == nil {
		_, _ = os.Stderr.Write(lines)
		return
	}
	lines = bytes.Clone(lines) // the writer may keep them
	_ = guard.Call(func() { _, _ = s.own.Write(lines) })
}

// read starts a reader for a worker.
func (s *stderr) read(p *child.Process) *stderrReader {
	r := &stderrReader{stderr: s, proc: p, drained: make(chan struct{}), ended: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader == nil {
		s.reader = map[*stderrReader]struct{}{}
	}
	s.reader[r] = struct{}{}
	go r.run()
	return r
}

// close ends the readers. All workers are dead by then.
func (s *stderr) close() {
	s.mu.Lock()
	var left []*stderrReader
	for r := range s.reader {
		left = append(left, r)
	}
	s.mu.Unlock()
	for _, r := range left {
		<-r.drained
		r.enter(closing, 0)
		<-r.ended
	}
}

// stderrReader reads the standard error of one worker, joins its lines, and tells a crash dump from
// the rest.
type stderrReader struct {
	*stderr
	proc    *child.Process
	drained chan struct{} // closed when all that the worker wrote before its death has been read
	ended   chan struct{}

	mu    sync.Mutex
	phase phase
	line  []byte // a line that has not ended yet
	past  []byte // lines that may be the reason of a crash dump which is yet to come; they were passed on
	dump  []byte // lines from the first one on that may begin a crash dump
	// untold: no CrashError has the dump. Otherwise crash is what the crash output had of it.
	untold bool
	crash  string
}

// phase is how a reader's worker stands. It only grows.
type phase int

const (
	alive   phase = iota
	dead          // what it wrote last is being read
	outlive       // only processes that it has started can write
	closing
)

// enter begins a phase. The reader looks at it after patience at the latest; 0 is at once.
func (r *stderrReader) enter(p phase, patience time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p > r.phase {
		r.phase = p
		_ = r.proc.Stderr.SetReadDeadline(time.Now().Add(patience))
	}
}

func (r *stderrReader) run() {
	defer func() {
		r.finish()
		_ = r.proc.Stderr.Close()
		r.stderr.mu.Lock()
		delete(r.reader, r)
		r.stderr.mu.Unlock()
		close(r.ended)
	}()
	buf := make([]byte, 4<<10)
	for {
		n, err := r.proc.Stderr.Read(buf)
		r.take(buf[:n])
		if err != nil && (!errors.Is(err, os.ErrDeadlineExceeded) || !r.goOn()) {
			return
		}
	}
}

// goOn is called when nothing has come for a while. It reports whether there is more to read.
func (r *stderrReader) goOn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	deadline := time.Time{}
	switch {
	case r.phase == closing:
		return false
	case r.phase == dead:
		r.settle()
	case r.phase == alive && r.proc.Crashing():
		deadline = time.Now().Add(dumpPatience)
	case r.phase == alive:
		r.release()
	}
	_ = r.proc.Stderr.SetReadDeadline(deadline)
	return true
}

// finish is called when the worker's standard error has ended.
func (r *stderrReader) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase < outlive {
		r.settle()
	} else {
		r.pass(r.line)
	}
}

// settle ends what was written before the worker's death. r.mu is held.
func (r *stderrReader) settle() {
	r.takeLine(r.line)
	r.line = nil
	r.phase = outlive
	if r.untold {
		r.drop()
	}
	close(r.drained)
}

// take takes in what was read.
func (r *stderrReader) take(data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			r.line = append(r.line, data...)
			break
		}
		r.takeLine(append(r.line, data[:end]...))
		r.line, data = r.line[:0], data[end:]
	}
	if len(r.line) > longestLine {
		r.takeLine(r.line)
		r.line = r.line[:0]
	}
}

// takeLine passes a line on, unless it may be part of a crash dump that a CrashError will have.
// r.mu is held.
func (r *stderrReader) takeLine(line []byte) {
	switch {
	case r.phase >= outlive:
		r.pass(line)
	case len(r.dump) > 0 || mayBeginDump(line) || len(r.past) > 0 && mayFollowReason(line):
		if len(r.dump) == 0 && r.phase == alive {
			_ = r.proc.Stderr.SetReadDeadline(time.Now().Add(dumpPatience))
		}
		r.dump = append(r.dump, line...)
		if r.own != nil {
			r.pass(line)
		}
		if len(r.dump) > longestDump {
			r.release()
		}
	default:
		r.past = nil
		r.pass(line)
	}
}

func (r *stderrReader) pass(line []byte) { r.write(line) }

// release passes on what was kept back, and remembers what may still be the reason of a crash. r.mu
// is held.
func (r *stderrReader) release() {
	if r.own == nil {
		r.write(r.dump)
	}
	r.past = bytes.Clone(lastReasons(append(r.past, r.dump...)))
	r.dump = nil
}

// lastWords waits until all that the dead worker wrote has been read, and returns what looks like a
// crash dump in it, whether it was passed on or not.
func (r *stderrReader) lastWords() []byte {
	<-r.drained
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.past, r.dump)
}

// decide passes on what was kept back, as soon as it is there: the crash dump only if no CrashError
// has it. crash is what the crash output had.
func (r *stderrReader) decide(told bool, crash string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.untold, r.crash = !told, crash
	if r.phase >= outlive {
		r.drop()
	}
}

// drop ends what was kept back. r.mu is held.
func (r *stderrReader) drop() {
	switch {
	case r.untold:
		r.release()
	case r.own == nil:
		r.write(beforeCrash(r.crash, r.dump))
	}
	r.dump = nil
}
