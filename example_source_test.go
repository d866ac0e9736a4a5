package pl_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func ExampleFrom() {
	fmt.Println(pl.From("a", "b").Collect(context.Background()))
	// Output: [a b] <nil>
}

func ExampleFromSlice() {
	words := strings.Fields("one two three")
	fmt.Println(pl.FromSlice(words).Collect(context.Background()))
	// Output: [one two three] <nil>
}

func ExampleFromSeq() {
	stock := map[string]int{"apple": 3, "pear": 1, "plum": 8}
	many := thread.Filter(pl.Lift(func(fruit string) bool { return stock[fruit] > 5 }))
	fmt.Println(many(pl.FromSeq(maps.Keys(stock))).Collect(context.Background()))
	// Output: [plum] <nil>
}

func ExampleFromSeq2() {
	lines := bufio.NewScanner(strings.NewReader("first\nsecond\n"))
	// A sequence that can fail: the error ends the run, and is what the consumer gets.
	seq := func(yield func(string, error) bool) {
		for lines.Scan() {
			if !yield(lines.Text(), nil) {
				return
			}
		}
		yield("", errors.New("the cable was pulled"))
	}
	for line, err := range pl.FromSeq2(seq).All(context.Background()) {
		if err != nil {
			fmt.Println("error:", err)
			break
		}
		fmt.Println(line)
	}
	// Output:
	// first
	// second
	// error: pl: stage "seq2", worker 0: the cable was pulled
}

func ExampleFromChan() {
	events := make(chan string, 3)
	events <- "start"
	events <- "stop"
	close(events)
	fmt.Println(pl.FromChan(events).Collect(context.Background()))
	// Output: [start stop] <nil>
}

func ExampleFromFunc() {
	powers := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for n := 1; yield(n); n *= 2 { // yield reports false when no more are wanted
		}
		return nil
	})
	fmt.Println(pl.Take[int](6)(powers).Collect(context.Background()))
	// Output: [1 2 4 8 16 32] <nil>
}

func ExampleRange() {
	fmt.Println(pl.Range(5).Collect(context.Background()))
	// Output: [0 1 2 3 4] <nil>
}

func ExampleConcat() {
	all := pl.Concat(pl.From("a", "b"), pl.From("c"))
	for letter, err := range all.All(context.Background()) {
		fmt.Println(letter, err)
	}
	// Unordered output:
	// a <nil>
	// b <nil>
	// c <nil>
}
