// Package startup measures how long the workers of package process take to be there: the first one,
// and one in the place of another that was killed. It does so in this program, and in one that
// contains little else.
package startup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"

	"github.com/gopeln/pl/bench/measure"
)

// Times are what one program needed, in ns, once per repetition.
type Times struct {
	Bare     []float64 // from the start of the program as a process that says one byte, to that byte: the floor
	Ready    []float64 // from the call that starts a run to the first worker running its first value
	Replaced []float64 // from a SIGKILL to the next worker running its first value
	Whole    []float64 // a run of one value, from its start to its end
}

// sign is what a worker says of itself when it runs a value.
type sign struct {
	PID int
	At  int64 // ns since 1970, by the clock that the processes share
}

// What a worker is to do with a value.
const (
	stamp = iota // say when
	hang         // the same in a new worker, else wait for the end
)

// used: this worker has run a value.
var used bool

var stamps = process.Map(func(ctx context.Context, what int) (sign, error) {
	if what == hang && used {
		<-ctx.Done()
	}
	used = true
	return sign{os.Getpid(), time.Now().UnixNano()}, nil
}, pl.Name("stamps"))

// role is the environment variable that makes a process of this program a bare one.
const role = "GOPELN_BENCH_BARE"

func init() {
	if os.Getenv(role) != "" {
		_, _ = os.Stdout.Write([]byte{'.'}) // who does not get it says so
		os.Exit(0)
	}
}

// bare starts a bare process and waits for its byte.
func bare() (took time.Duration, err error) {
	path, err := os.Executable()
	if err != nil {
		return 0, err
	}
	c := exec.Command(path)
	c.Env = append(os.Environ(), role+"=1")
	out, err := c.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	_, err = io.ReadFull(out, make([]byte, 1))
	took = time.Since(begin)
	return took, errors.Join(err, c.Wait())
}

// Measure takes the times in this program, which must have called process.Main.
func Measure(reps int) (t Times, err error) {
	for range reps {
		alone, err := bare()
		if err != nil {
			return t, err
		}
		t.Bare = append(t.Bare, float64(alone))
		begin := time.Now()
		signs, err := stamps(pl.From(stamp)).Collect(context.Background())
		if err != nil {
			return t, err
		}
		t.Whole = append(t.Whole, float64(time.Since(begin)))
		t.Ready = append(t.Ready, float64(signs[0].At-begin.UnixNano()))
		replaced, err := replace()
		if err != nil {
			return t, err
		}
		t.Replaced = append(t.Replaced, float64(replaced))
	}
	return t, nil
}

// replace kills a worker that hangs, and returns how long it takes until another one runs the next
// value. That is the value at which the first one was to hang, if the signal came before it had
// begun.
func replace() (took time.Duration, err error) {
	var killed time.Time
	arrived := 0
	for s, err := range stamps(pl.From(stamp, hang, stamp)).With(pl.OnError(pl.Skip)).All(context.Background()) {
		if err != nil {
			return 0, err
		}
		switch arrived++; arrived {
		case 1:
			time.Sleep(5 * time.Millisecond) // it most likely hangs then
			killed = time.Now()
			if err := kill(s.PID); err != nil {
				return 0, err
			}
		case 2:
			took = time.Duration(s.At - killed.UnixNano())
		}
	}
	if arrived < 2 {
		return 0, fmt.Errorf("%d values arrived, want 2 or 3", arrived)
	}
	return took, nil
}

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

// Run prints the times of this program and of the small one.
func Run(e measure.Effort, w io.Writer) error {
	reps := 10 * e.Reps
	t := measure.Table{
		Title: "ms until a worker runs a value",
		Head:  []string{"a program of", "a bare process", "first worker", "after a SIGKILL", "a run of one value"},
	}
	small, size, err := measureSmall(reps)
	switch {
	case errors.Is(err, errNotBuilt):
		t.Title += fmt.Sprintf(" (without the small program: %v)", err)
	case err != nil:
		return err
	default:
		add(&t, small, size)
	}
	own, err := Measure(reps)
	if err != nil {
		return err
	}
	path, err := os.Executable()
	if err != nil {
		return err
	}
	if size, err = sizeOf(path); err != nil {
		return err
	}
	add(&t, own, size)
	return t.Write(w)
}

func add(t *measure.Table, times Times, size int64) {
	ms := func(figures []float64) string { return fmt.Sprintf("%.1f", measure.Median(figures)/1e6) }
	t.Add(fmt.Sprintf("%.0f MB", float64(size)/1e6), ms(times.Bare), ms(times.Ready), ms(times.Replaced), ms(times.Whole))
}

// errNotBuilt is no failure of what is measured.
var errNotBuilt = errors.New("it cannot be built here")

// measureSmall builds the small program and has it measure itself.
func measureSmall(reps int) (t Times, size int64, err error) {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return t, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "small")
	build := exec.Command("go", "build", "-o", path, "github.com/gopeln/pl/bench/startup/small")
	if out, err := build.CombinedOutput(); err != nil {
		return t, 0, fmt.Errorf("%w: %w: %s", errNotBuilt, err, out)
	}
	if size, err = sizeOf(path); err != nil {
		return t, 0, err
	}
	run := exec.Command(path, fmt.Sprint(reps))
	run.Stderr = os.Stderr
	out, err := run.Output()
	if err != nil {
		return t, 0, fmt.Errorf("run the small program: %w", err)
	}
	return t, size, json.Unmarshal(out, &t)
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
