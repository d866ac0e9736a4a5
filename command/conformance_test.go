//go:build unix

package command_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/command"
	"github.com/gopeln/pl/internal/advice"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/thread"
)

// The suite's functions run in programs: in this test binary, which answers the values of the
// function whose number it finds in its environment. Package command has Map alone, without a
// resource; the other functions are those of thread, so that Map is in their company as in any
// pipeline.
var api = backendtest.New(backendtest.Command, program, thread.Filter, thread.FlatMap, thread.Each,
	programWith, thread.FilterWith, thread.FlatMapWith, thread.EachWith)

func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	backendtest.Run(t, api, themes()...)
}

// themes are those of the suite that run. Under the race detector a program takes long to start, so
// only those run in which the most goroutines meet.
func themes() []string {
	if raceDetector {
		return []string{"Map", "Error", "Retry", "Func", "ByKey", "Drain", "Timeout", "Stop", "Cancel", "Order"}
	}
	return nil
}

const functionVariable = "COMMAND_TEST_FUNCTION"

// functions are those that were given to program, in an order that is the same in each process.
var functions []backendtest.MapFunc

func program(f backendtest.MapFunc, opts ...pl.Option) backendtest.Step {
	env := process.Env(fmt.Sprint(functionVariable, "=", len(functions)))
	functions = append(functions, f)
	protocol := command.LinesOf(strconv.Itoa, decode)
	return command.Map(protocol, []string{os.Args[0]}, append([]pl.Option{env}, opts...)...)
}

// programWith gives each call a resource of its own.
func programWith(_ pl.Resource[*backendtest.Handle], f backendtest.MapWithFunc, opts ...pl.Option) backendtest.Step {
	return program(func(ctx context.Context, in int) (int, error) { return f(ctx, &backendtest.Handle{}, in) }, opts...)
}

// outcome is what a function returned, as it travels.
type outcome struct {
	Value     int
	Error     string `json:",omitempty"`
	Broken    *int   `json:",omitempty"` // the value of a BrokenError
	Permanent bool   `json:",omitempty"`
	After     time.Duration
}

// answerNumbers is the program: it calls a function for each line.
func answerNumbers(f backendtest.MapFunc) {
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		x, err := strconv.Atoi(in.Text())
		if err != nil {
			panic(err)
		}
		var o outcome
		if o.Value, err = call(f, x); err != nil {
			o.Error = err.Error()
			o.Permanent, o.After = advice.Of(err)
			if broken, ok := errors.AsType[*backendtest.BrokenError](err); ok {
				o.Broken = &broken.Value
			}
		}
		if err := out.Encode(o); err != nil {
			panic(err)
		}
	}
}

// call calls f. If that panics, or calls Goexit, the program ends.
func call(f backendtest.MapFunc, x int) (int, error) {
	returned := false
	defer func() {
		if !returned {
			fmt.Fprintln(os.Stderr, "the function did not return:", recover())
			os.Exit(3)
		}
	}()
	v, err := f(context.Background(), x)
	returned = true
	return v, err
}

// decode is what users do whose programs answer that a value is bad: the answer becomes an error.
func decode(answer string) (int, error) {
	var o outcome
	if err := json.Unmarshal([]byte(answer), &o); err != nil {
		return 0, err
	}
	if o.Error == "" {
		return o.Value, nil
	}
	err := errors.New(o.Error)
	if o.Broken != nil {
		err = &backendtest.BrokenError{Value: *o.Broken}
	}
	if o.Permanent {
		err = pl.Permanent(err)
	}
	if o.After > 0 {
		err = pl.RetryAfter(err, o.After)
	}
	return 0, err
}
