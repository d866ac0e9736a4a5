package thread_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func ExampleMap() {
	length := thread.Map(func(_ context.Context, word string) (int, error) {
		return len(word), nil
	}, pl.Workers(4), pl.MaxSize(16))
	lengths := pl.Ordered(length(pl.From("a", "bb", "ccc")))
	fmt.Println(lengths.Collect(context.Background()))
	// Output: [1 2 3] <nil>
}

func ExampleFilter() {
	long := thread.Filter(func(_ context.Context, word string) (bool, error) {
		return len(word) > 3, nil
	})
	fmt.Println(long(pl.From("a", "long", "word")).Collect(context.Background()))
	// Output: [long word] <nil>
}

func ExampleFlatMap() {
	words := thread.FlatMap(func(_ context.Context, line string, yield func(string) bool) error {
		for word := range strings.FieldsSeq(line) {
			if !yield(word) {
				break
			}
		}
		return nil
	})
	fmt.Println(words(pl.From("to be or", "not to be")).Collect(context.Background()))
	// Output: [to be or not to be] <nil>
}

func ExampleEach() {
	var total atomic.Int64
	add := thread.Each(func(_ context.Context, x int) error {
		total.Add(int64(x))
		return nil
	}, pl.Workers(4))
	fmt.Println(add(pl.Range(101)).Run(context.Background()), total.Load())
	// Output: <nil> 5050
}

// scratch is memory of a worker's own: it needs no lock, and is made once for each worker.
var scratch = pl.OnStart(func(context.Context) (*bytes.Buffer, error) {
	return new(bytes.Buffer), nil
})

func ExampleMapWith() {
	quote := thread.MapWith(scratch, func(_ context.Context, b *bytes.Buffer, word string) (string, error) {
		b.Reset()
		fmt.Fprintf(b, "<%s>", word)
		return b.String(), nil
	}, pl.Workers(2))
	fmt.Println(pl.Ordered(quote(pl.From("a", "b"))).Collect(context.Background()))
	// Output: [<a> <b>] <nil>
}

func ExampleFilterWith() {
	seen := pl.OnStart(func(context.Context) (map[string]bool, error) {
		return map[string]bool{}, nil
	})
	unique := thread.FilterWith(seen, func(_ context.Context, seen map[string]bool, word string) (bool, error) {
		known := seen[word]
		seen[word] = true
		return !known, nil
	}) // with one worker: each worker remembers only what it has seen itself
	fmt.Println(unique(pl.From("to", "be", "or", "not", "to", "be")).Collect(context.Background()))
	// Output: [to be or not] <nil>
}

func ExampleFlatMapWith() {
	split := thread.FlatMapWith(scratch,
		func(_ context.Context, b *bytes.Buffer, text string, yield func(string) bool) error {
			b.Reset()
			b.WriteString(text)
			for b.Len() > 0 {
				if !yield(string(b.Next(3))) {
					break
				}
			}
			return nil
		})
	fmt.Println(split(pl.From("abcdefg")).Collect(context.Background()))
	// Output: [abc def g] <nil>
}

func ExampleEachWith() {
	file := pl.OnStart(func(ctx context.Context) (string, error) {
		return fmt.Sprintf("part-%d", pl.WorkerFrom(ctx).Index), nil
	}).OnEnd(func(_ context.Context, name string) error {
		fmt.Println("close", name)
		return nil
	})
	write := thread.EachWith(file, func(_ context.Context, name string, x int) error {
		fmt.Println("write", x, "to", name)
		return nil
	})
	fmt.Println(write(pl.Range(2)).Run(context.Background()))
	// Output:
	// write 0 to part-0
	// write 1 to part-0
	// close part-0
	// <nil>
}
