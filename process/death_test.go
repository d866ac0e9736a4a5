//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// poison is the value at which a deadly function strikes.
const poison = 1000

func deadly(name string, strike func()) pl.Partial[int, int] {
	return process.Map(func(_ context.Context, n int) (int, error) {
		if n == poison {
			strike()
		}
		return n + 1, nil
	}, pl.Name(name))
}

var (
	hole  = map[int]int{}
	never = make(chan int)
)

var deaths = map[string]struct {
	stage pl.Partial[int, int]
	opts  []pl.Option
	state string // of the CrashError; "": another error
	trace string
	is    error
	panic string
}{
	"exit": {stage: deadly("exit", func() { os.Exit(7) }), state: "exit status 7"},
	"kill": {stage: deadly("kill", func() {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		<-never
	}), state: "signal: killed"},
	"panic in a goroutine": {stage: deadly("panic in a goroutine", func() {
		go panic("astray")
		<-never
	}), state: "exit status 2", trace: "panic: astray"},
	"concurrent map writes": {stage: deadly("concurrent map writes", func() {
		for i := range 4 {
			go func() {
				for {
					hole[i]++
				}
			}()
		}
		<-never
	}), opts: []pl.Option{process.Env("GOMAXPROCS=2")}, // with one, Go 1.27 does not notice
		state: "exit status 2", trace: "fatal error: concurrent map writes\n"},
	"stack overflow": {stage: deadly("stack overflow", func() {
		debug.SetMaxStack(32 << 20) // to grow it to the usual 1 GB takes the race detector 20 s
		overflow(0)
	}), state: "exit status 2", trace: "fatal error: stack overflow\n"},
	"out of memory": {stage: deadly("out of memory", func() { eat() }),
		opts: []pl.Option{process.MemoryLimit(256 << 20)}, state: "exit status 2", is: process.ErrMemory},
	"endless loop": {stage: deadly("endless loop", func() {
		for {
			runtime.KeepAlive(hole)
		}
	}), opts: []pl.Option{pl.Timeout(time.Second)}, is: pl.ErrTimeout},
	"endless wait": {stage: deadly("endless wait", func() { <-never }),
		opts: []pl.Option{pl.Timeout(time.Second)}, is: pl.ErrTimeout},
	"panic":  {stage: deadly("panic", func() { panic("at the function") }), panic: "at the function"},
	"goexit": {stage: deadly("goexit", runtime.Goexit), is: pl.ErrGoexit},
}

func overflow(n int) int { return overflow(n+1) + n }

var eaten [][]byte

func eat() {
	for {
		b := make([]byte, 16<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		eaten = append(eaten, b)
	}
}

// drops is an OnError that remembers what it drops.
type drops struct {
	mu   sync.Mutex
	errs []*pl.StageError
}

func (d *drops) option() pl.Option {
	return pl.OnError(func(_ context.Context, e *pl.StageError) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.errs = append(d.errs, e)
		return nil
	})
}

func TestEveryWayToDieCostsOneValue(t *testing.T) {
	for name, d := range deaths {
		if raceBuild && name == "concurrent map writes" {
			continue // the detector's report changes how the process ends
		}
		for _, attempts := range []int{1, 2} {
			t.Run(fmt.Sprint(name, "/", attempts), func(t *testing.T) {
				t.Parallel()
				var dropped drops
				opts := append(d.opts, pl.Workers(2), dropped.option(), pl.Retry(attempts, nil))
				got, err := d.stage(pl.Range(2000)).With(opts...).Collect(t.Context())
				require.NoError(t, err)
				seen := map[int]int{}
				for _, v := range got {
					seen[v]++
				}
				require.Len(t, seen, 1999)
				require.Len(t, got, 1999)
				require.Zero(t, seen[poison+1])
				require.Len(t, dropped.errs, 1)
				failed := dropped.errs[0]
				require.Equal(t, poison, failed.Item)
				require.Equal(t, name, failed.Stage)
				if d.is != nil {
					require.ErrorIs(t, failed, d.is)
				}
				if d.panic != "" {
					p, ok := errors.AsType[*pl.PanicError](failed)
					require.True(t, ok, "%v", failed)
					require.Equal(t, d.panic, p.Value)
					require.Contains(t, string(p.Stack), "death_test.go")
				}
				if d.state != "" {
					crash, ok := errors.AsType[*process.CrashError](failed)
					require.True(t, ok, "%v", failed)
					if !raceBuild || name != "out of memory" { // the detector's own memory runs out
						require.Equal(t, d.state, crash.State)
					}
					require.True(t, strings.HasPrefix(crash.Trace, d.trace), "%s", crash.Trace)
					require.Equal(t, d.is != nil, errors.Is(crash, process.ErrMemory))
					require.NotZero(t, crash.PID)
				}
			})
		}
	}
}
