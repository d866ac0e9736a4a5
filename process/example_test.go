//go:build unix

package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// The examples' stages. They must be made before main, so that a worker process finds them.
var (
	length = process.Map(func(_ context.Context, word string) (int, error) {
		return len(word), nil
	}, pl.Workers(2), pl.MaxSize(16))
	long = process.Filter(func(_ context.Context, word string) (bool, error) {
		return len(word) > 3, nil
	})
	words = process.FlatMap(func(_ context.Context, line string, yield func(string) bool) error {
		for word := range strings.FieldsSeq(line) {
			if !yield(word) {
				break
			}
		}
		return nil
	})
	greet = process.Each(func(_ context.Context, name string) error {
		fmt.Println("hello", name)
		return nil
	})
)

func ExampleMap() {
	lengths := pl.Ordered(length(pl.From("a", "bb", "ccc")))
	fmt.Println(lengths.Collect(context.Background()))
	// Output: [1 2 3] <nil>
}

func ExampleFilter() {
	fmt.Println(long(pl.From("a", "long", "word")).Collect(context.Background()))
	// Output: [long word] <nil>
}

func ExampleFlatMap() {
	fmt.Println(words(pl.From("to be or", "not to be")).Collect(context.Background()))
	// Output: [to be or not to be] <nil>
}

func ExampleEach() {
	err := greet(pl.From("Ann", "Bob")).Run(context.Background())
	fmt.Println(err)
	// Output:
	// hello Ann
	// hello Bob
	// <nil>
}

// prefix is opened once in each worker.
var prefix = pl.OnStart(func(context.Context) (string, error) { return "item-", nil })

var (
	labelled = process.MapWith(prefix, func(_ context.Context, prefix string, n int) (string, error) {
		return fmt.Sprint(prefix, n), nil
	})
	prefixed = process.FilterWith(prefix, func(_ context.Context, prefix, word string) (bool, error) {
		return strings.HasPrefix(word, prefix), nil
	})
	several = process.FlatMapWith(prefix,
		func(_ context.Context, prefix string, n int, yield func(string) bool) error {
			for range n {
				yield(prefix)
			}
			return nil
		})
	shown = process.EachWith(prefix, func(_ context.Context, prefix string, n int) error {
		fmt.Println(prefix, n)
		return nil
	})
)

func ExampleMapWith() {
	fmt.Println(labelled(pl.Range(3)).Collect(context.Background()))
	// Output: [item-0 item-1 item-2] <nil>
}

func ExampleFilterWith() {
	fmt.Println(prefixed(pl.From("item-1", "other")).Collect(context.Background()))
	// Output: [item-1] <nil>
}

func ExampleFlatMapWith() {
	fmt.Println(several(pl.From(1, 2)).Collect(context.Background()))
	// Output: [item- item- item-] <nil>
}

func ExampleEachWith() {
	fmt.Println(shown(pl.From(7)).Run(context.Background()))
	// Output:
	// item- 7
	// <nil>
}

var fragile = process.Map(func(_ context.Context, n int) (int, error) {
	switch n {
	case 1:
		os.Exit(3) // as a C library might
	case 2:
		select {} // never returns
	}
	return n, nil
}, pl.Timeout(200*time.Millisecond))

// A value that ends its worker, or never ends, costs itself and no other.
func ExampleCrashError() {
	report := pl.OnError(func(_ context.Context, e *pl.StageError) error {
		if crash, ok := errors.AsType[*process.CrashError](e); ok {
			fmt.Println(e.Item, "crashed:", crash.State)
		} else {
			fmt.Println(e.Item, "timed out:", errors.Is(e, pl.ErrTimeout))
		}
		return nil
	})
	fmt.Println(fragile(pl.Range(5)).With(report).Collect(context.Background()))
	// Output:
	// 1 crashed: exit status 3
	// 2 timed out: true
	// [0 3 4] <nil>
}

var (
	errNotFound = errors.New("not found")
	find        = process.Map(func(_ context.Context, name string) (string, error) {
		return "", fmt.Errorf("%s: %w", name, errNotFound)
	})
)

func init() { process.RegisterError(errNotFound) }

func ExampleRegisterError() {
	err := find(pl.From("Ann")).Run(context.Background())
	fmt.Println(errors.Is(err, errNotFound))
	// Output: true
}

func ExampleRemoteError() {
	err := find(pl.From("Ann")).Run(context.Background())
	remote, _ := errors.AsType[*process.RemoteError](err)
	fmt.Println(remote.Type, "|", remote.Message)
	// Output: *fmt.wrapError | Ann: not found
}

// ExampleMain is what the main function of a program looks like.
func ExampleMain() {
	process.Main() // does not return in a worker
	fmt.Println(length(pl.From("seven")).Collect(context.Background()))
	// Output: [5] <nil>
}

var fromEnvironment = process.Map(func(_ context.Context, name string) (string, error) {
	return os.Getenv(name), nil
})

func ExampleEnv() {
	fmt.Println(fromEnvironment(pl.From("MODE")).With(process.Env("MODE=quiet")).Collect(context.Background()))
	// Output: [quiet] <nil>
}

var allocate = process.Map(func(_ context.Context, n int) (int, error) {
	return len(make([]byte, n)), nil
})

func ExampleMemoryLimit() {
	sizes := pl.From(1000, math.MaxInt32, 2000) // the second one is too much: its worker dies, and is replaced
	stage := allocate(sizes).With(process.MemoryLimit(512<<20), pl.OnError(pl.Skip))
	fmt.Println(stage.Collect(context.Background()))
	// Output: [1000 2000] <nil>
}

// A value that needs too much memory is dropped; any other failure ends the run.
func ExampleErrMemory() {
	tooLarge := func(_ context.Context, e *pl.StageError) error {
		if errors.Is(e, process.ErrMemory) {
			return nil
		}
		return e
	}
	stage := allocate(pl.From(1000, math.MaxInt32)).With(process.MemoryLimit(512<<20), pl.OnError(tooLarge))
	fmt.Println(stage.Collect(context.Background()))
	// Output: [1000] <nil>
}

func ExampleRecycle() {
	leaky := increment(pl.Range(5)).With(process.Recycle(2))
	fmt.Println(leaky.Collect(context.Background()))
	// Output: [1 2 3 4 5] <nil>
}

// asJSON is a codec of one's own.
type asJSON struct{}

func (asJSON) Append(buf []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(buf, text...), err
}

func (asJSON) Decode(data []byte, v any) error { return json.Unmarshal(data, v) }

var (
	ownCodec process.Codec = asJSON{}
	encoded                = process.Map(addOne, process.WithCodec(ownCodec))
	reversed               = process.Map(reverse, process.WithCodec(process.Raw)) // bytes as they are
	shapes                 = process.Map(area, process.WithCodec(process.Gob))    // as encoding/gob does it
)

func reverse(_ context.Context, b []byte) ([]byte, error) {
	slices.Reverse(b)
	return b, nil
}

type rectangle struct {
	Width, Height int
	drawn         bool // gob leaves it out, and the default would refuse the type
}

func area(_ context.Context, r rectangle) (int, error) { return r.Width * r.Height, nil }

func ExampleCodec() {
	ctx := context.Background()
	fmt.Println(encoded(pl.Range(3)).Collect(ctx))
	backwards, err := reversed(pl.From([]byte("stop"))).Collect(ctx)
	fmt.Printf("%s %v\n", backwards, err)
	fmt.Println(shapes(pl.From(rectangle{Width: 2, Height: 3, drawn: true})).Collect(ctx))
	// Output:
	// [1 2 3] <nil>
	// [pots] <nil>
	// [6] <nil>
}

func ExampleWithCodec() {
	fmt.Println(encoded(pl.Range(3)).Collect(context.Background()))
	// Output: [1 2 3] <nil>
}

var (
	factor     = 1
	withFactor = process.Setup(func(n int) { factor = n })
	scaled     = process.Map(func(_ context.Context, n int) (int, error) { return n * factor, nil })
)

// What the program reads after process.Main reaches the workers by a Setup.
func ExampleSetup() {
	fromConfig := 10
	fmt.Println(scaled(pl.Range(3)).With(withFactor(fromConfig)).Collect(context.Background()))
	// Output: [0 10 20] <nil>
}

var chatty = process.Map(func(_ context.Context, n int) (int, error) {
	fmt.Fprintln(os.Stderr, "working on", n)
	return n, nil
})

// What the workers write to their standard error goes where the program wants it.
func ExampleStderr() {
	var log strings.Builder
	_, err := chatty(pl.From(7)).With(process.Stderr(&log)).Collect(context.Background())
	fmt.Println(err)
	fmt.Print(log.String())
	// Output:
	// <nil>
	// working on 7
}
