package pl_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// announced is a backend: the workers run on goroutines, as in package thread, and it tells when a
// stage starts.
type announced struct{}

func (announced) Name() string { return "announced" }

func (announced) Knows(key any) bool { return key == greetingKey{} }

func (announced) Start(s *pl.Site) {
	greeting, _ := s.Setting(greetingKey{}).(string)
	fmt.Println(greeting, s.Name())
	s.Employ()
}

type greetingKey struct{}

// Greeting is an option of that backend.
func Greeting(text string) pl.Option {
	var err error
	if text == "" {
		err = errors.New("must not be empty")
	}
	return pl.Attach(greetingKey{}, text, fmt.Sprintf("Greeting(%q)", text), err)
}

// AnnouncedMap is Map on that backend. The other operators differ in their kernel, and in how many
// results it makes.
func AnnouncedMap[A, B any](f func(ctx context.Context, in A) (B, error), opts ...pl.Option) pl.Partial[A, B] {
	return pl.NewPartial(announced{}, mapping(f), opts...)
}

func mapping[A, B any](f func(ctx context.Context, in A) (B, error)) pl.Operation[A, B] {
	kernel := func(ctx context.Context, in A, emit func(B) bool) error {
		out, err := f(ctx, in)
		if err == nil {
			emit(out)
		}
		return err
	}
	open := func(context.Context) (pl.Kernel[A, B], func(context.Context) error, error) { return kernel, nil, nil }
	return pl.Operation[A, B]{Verb: "Map", Results: pl.One, Func: f, Open: open}
}

func ExampleNewPartial() {
	doubled := AnnouncedMap(double, Greeting("here is"))(pl.Range(3))
	fmt.Println(doubled)
	fmt.Println(doubled.Collect(context.Background()))
	// Output:
	// range(3) → announced.Map(double)
	// here is double
	// [0 2 4] <nil>
}

// A bad value fails the run before anything starts, and so does an option that the stage's backend
// does not know.
func ExampleAttach() {
	fmt.Println(AnnouncedMap(double, Greeting(""))(pl.Range(3)).Run(context.Background()))
	err := thread.Map(double, Greeting("hello"))(pl.Range(3)).Run(context.Background())
	fmt.Println(strings.SplitAfter(err.Error(), "it knows")[0], "…")
	// Output:
	// pl: stage "double": Greeting(""): must not be empty
	// pl: stage "double": Greeting("hello"): it belongs to package pl_test; this operator does not know the option; it knows …
}

// An inline operator has no workers: it runs in the goroutine that takes its results.
func ExampleNewInline() {
	inline := pl.NewInline("inline", mapping(double))
	fmt.Println(inline(pl.Range(3)).Collect(context.Background()))
	// Output: [0 2 4] <nil>
}

// A driven stage moves its values itself: here by handfuls, as to a partner who is far away.
func ExampleNewDriven() {
	start := func(ports pl.Ports[int, int]) {
		site, port := ports.Site(), ports.Port(0)
		site.Go(func() {
			handful := make([]pl.Item[int], 4)
			for {
				n, ok := port.Pull(site.Context(), handful)
				if !ok {
					return
				}
				port.Begin(n)
				for i := range handful[:n] {
					item := &handful[i]
					if !port.Emit(item, 2*item.Value) {
						return
					}
					port.Done(item)
				}
			}
		})
	}
	doubled := pl.NewDriven(announced{}, mapping(double), start)
	fmt.Println(doubled(pl.Range(6)).Collect(context.Background()))
	// Output: [0 2 4 6 8 10] <nil>
}

// What an operator does may depend on the settings of its stage: this one asks for its greeting
// when a worker opens.
func ExampleSiteFrom() {
	op := mapping(double)
	open := op.Open
	op.Open = func(ctx context.Context) (pl.Kernel[int, int], func(context.Context) error, error) {
		site := pl.SiteFrom(ctx)
		fmt.Println(site.Name(), "opens with", site.Setting(greetingKey{}))
		return open(ctx)
	}
	fmt.Println(pl.NewPartial(announced{}, op, Greeting("good day"))(pl.Range(2)).Collect(context.Background()))
	// Output:
	// good day double
	// double opens with good day
	// [0 2] <nil>
}

// A backend may have to know a name or a setting when the operator is made, before there is a run.
func ExampleGiven() {
	name, setting := pl.Given(pl.Name("greeter"), Greeting("hello"))
	fmt.Println(name, setting(greetingKey{}))
	// Output: greeter hello
}
