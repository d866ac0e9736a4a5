package serial_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
)

// Each value goes through all stages, and is with the loop, before the next leaves the source.
func ExampleMap() {
	shout := serial.Map(func(_ context.Context, word string) (string, error) {
		fmt.Println("in:", word)
		return strings.ToUpper(word), nil
	})
	for word, err := range shout(pl.From("a", "b")).All(context.Background()) {
		fmt.Println("out:", word, err)
	}
	// Output:
	// in: a
	// out: A <nil>
	// in: b
	// out: B <nil>
}

func ExampleFilter() {
	numeric := serial.Filter(func(_ context.Context, word string) (bool, error) {
		_, err := strconv.Atoi(word)
		return err == nil, nil
	})
	fmt.Println(numeric(pl.From("1", "two", "3")).Collect(context.Background()))
	// Output: [1 3] <nil>
}

func ExampleFlatMap() {
	countdown := serial.FlatMap(func(_ context.Context, from int, yield func(int) bool) error {
		for n := from; n > 0 && yield(n); n-- {
		}
		return nil
	})
	fmt.Println(countdown(pl.From(3, 2)).Collect(context.Background()))
	// Output: [3 2 1 2 1] <nil>
}

// One value at a time: the function needs no lock.
func ExampleEach() {
	total := 0
	add := serial.Each(func(_ context.Context, x int) error {
		total += x
		return nil
	})
	fmt.Println(add(pl.Range(101)).Run(context.Background()), total)
	// Output: <nil> 5050
}

// tally is a resource: opened when the run begins, closed when it ends.
var tally = pl.OnStart(func(context.Context) (map[string]int, error) {
	return map[string]int{}, nil
}).OnEnd(func(_ context.Context, seen map[string]int) error {
	fmt.Println(len(seen), "different")
	return nil
})

func ExampleMapWith() {
	nth := serial.MapWith(tally, func(_ context.Context, seen map[string]int, word string) (string, error) {
		seen[word]++
		return fmt.Sprint(word, seen[word]), nil
	})
	fmt.Println(nth(pl.From("a", "b", "a")).Collect(context.Background()))
	// Output:
	// 2 different
	// [a1 b1 a2] <nil>
}

func ExampleFilterWith() {
	first := serial.FilterWith(tally, func(_ context.Context, seen map[string]int, word string) (bool, error) {
		seen[word]++
		return seen[word] == 1, nil
	})
	fmt.Println(first(pl.From("a", "b", "a")).Collect(context.Background()))
	// Output:
	// 2 different
	// [a b] <nil>
}

func ExampleFlatMapWith() {
	repeat := serial.FlatMapWith(tally,
		func(_ context.Context, seen map[string]int, word string, yield func(string) bool) error {
			seen[word]++
			for range seen[word] {
				if !yield(word) {
					break
				}
			}
			return nil
		})
	fmt.Println(repeat(pl.From("a", "b", "a")).Collect(context.Background()))
	// Output:
	// 2 different
	// [a b a a] <nil>
}

func ExampleEachWith() {
	count := serial.EachWith(tally, func(_ context.Context, seen map[string]int, word string) error {
		seen[word]++
		return nil
	})
	fmt.Println(count(pl.From("a", "b", "a")).Run(context.Background()))
	// Output:
	// 2 different
	// <nil>
}
