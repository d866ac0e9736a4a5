package process

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// Exit codes of a worker.
const (
	exitOrderly   = 0
	exitOrphaned  = 124 // the parent is gone
	exitMisplaced = 125 // it is no worker, or it never came to Main
)

// testFlag is how a worker that is a test binary takes over: when the flags are parsed, which is
// after all of the user's initialisation and before any test.
const testFlag = "test.plworker"

var (
	// isWorker: this process was started as a worker.
	isWorker = child.Adopted()
	build    = sync.OnceValue(child.Build)
)

func init() {
	build() // while the file is likely the one that runs
	if isWorker {
		child.LeaveSignals() // from as early on as can be
	}
	if !isWorker || !testing.Testing() {
		return
	}
	os.Args = slices.Insert(os.Args, min(1, len(os.Args)), "-"+testFlag)
	flag.BoolFunc(testFlag, "", func(string) error {
		os.Args = slices.Delete(os.Args, 1, 2)
		Main()
		return nil
	})
}

// Main turns this process into a worker if it was started as one, and then never returns; otherwise
// it returns at once. It must be the first line of main, after what makes stages; without it every
// run of a stage of this package fails, before a subprocess is started. Test binaries need it only
// in a TestMain that does something before m.Run.
//
// In a worker it parses the program's flags as far as they are defined by then, so that functions
// see them as in the parent.
func Main() {
	mainCalled.Store(true)
	crossing.Complete()
	if isWorker {
		crossing.ParseFlags()
		os.Exit(work())
	}
}

// worker is the far end of a stage's slot: this process.
type worker struct {
	hello
	link   *child.Link
	page   *page
	frames *wire.Reader
	answer *wire.Writer
	bell   chan struct{}         // something has changed on the page
	ctx    context.Context       // of the functions
	end    func(crossing.Ending) // ends ctx
}

func work() (exitCode int) {
	link, err := child.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "process: started as a worker, but not by this package:", err)
		return exitMisplaced
	}
	debug.SetTraceback("all")
	_ = debug.SetCrashOutput(link.Crash, debug.CrashOptions{}) // without it, a crash is told without its trace
	w := &worker{
		link: link, page: pageOf(link.Shared),
		frames: wire.NewReader(link.In, wire.MaxFrame), answer: wire.NewWriter(link.Out, wire.MaxFrame),
		bell: make(chan struct{}, 1),
	}
	values, results := arenasOf(link.Shared)
	w.frames.Share(values)
	w.answer.Share(results)
	if err := w.serve(); err != nil {
		w.say(frameWelcome, report{Refused: err.Error()})
	}
	return exitOrderly
}

// serve takes the hello and runs the function it names. Its error is why that could not begin.
func (w *worker) serve() error {
	if err := w.readHello(); err != nil {
		return err
	}
	w.ctx, w.end = crossing.NewContext(w.Deadline, pl.WorkerInfo{Stage: w.Stage, Index: w.Index})
	go w.watchLifeline()
	serve, err := lookup(&w.hello)
	if err != nil {
		return err
	}
	if w.MemoryLimit > 0 {
		debug.SetMemoryLimit(w.MemoryLimit + heapFloor/2)
		if err := child.LimitMemory(w.MemoryLimit); err != nil {
			return fmt.Errorf("MemoryLimit(%d): %w", w.MemoryLimit, err)
		}
	}
	return serve(w)
}

// watchLifeline ends this process when the parent is gone, also while the user's function spins,
// and rings the bell for each byte that comes.
func (w *worker) watchLifeline() {
	var buf [64]byte
	for {
		if _, err := w.link.Life.Read(buf[:]); err != nil {
			os.Exit(exitOrphaned)
		}
		if w.page.stop.Load() {
			w.end(w.page.ending())
		}
		select {
		case w.bell <- struct{}{}:
		default:
		}
	}
}

// say sends a single frame. What is said is text and always encodes; that it cannot be written
// means that the parent is gone, which the lifeline tells.
func (w *worker) say(kind byte, v any) {
	_ = w.answer.Append(kind, jsonPayload(v))
	_ = w.answer.Flush()
}

func (w *worker) readHello() error {
	kind, payload, err := w.frames.Next()
	if err != nil || kind != frameHello {
		return errProtocol
	}
	return json.Unmarshal(payload, &w.hello)
}
