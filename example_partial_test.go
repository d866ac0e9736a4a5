package pl_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// Row is what the examples below make of a line.
type Row struct {
	Name  string
	Price float64
}

func parseRow(_ context.Context, line string) (Row, error) {
	name, price, _ := strings.Cut(line, ",")
	p, err := strconv.ParseFloat(price, 64)
	return Row{name, p}, err
}

// A function from stage to stage is a Partial as it stands: this is how to write an operator of
// one's own.
func ExamplePartial() {
	cheap := func(rows pl.Stage[Row]) pl.Stage[Row] {
		return thread.Filter(pl.Lift(func(r Row) bool { return r.Price < 2 }))(rows)
	}
	rows := pl.Pipe2(pl.From("apple,1.5", "mango,3"), thread.Map(parseRow), cheap)
	fmt.Println(rows.Collect(context.Background()))
	// Output: [{apple 1.5}] <nil>
}

func ExamplePipe() {
	rows := pl.Pipe(pl.From("apple,1.5"), thread.Map(parseRow, pl.Workers(2)))
	fmt.Println(rows.Collect(context.Background()))
	// Output: [{apple 1.5}] <nil>
}

func ExamplePipe2() {
	rows := pl.Pipe2(pl.From("apple,1.5", "pear,2"),
		thread.Map(parseRow, pl.Workers(2)),
		pl.Ordered)
	fmt.Println(rows.Collect(context.Background()))
	// Output: [{apple 1.5} {pear 2}] <nil>
}

func ExamplePipe3() {
	names := pl.Pipe3(pl.From("apple,1.5", "pear,2"),
		thread.Map(parseRow, pl.Workers(2)),
		pl.Ordered,
		serial.Map(pl.Lift(func(r Row) string { return r.Name })))
	fmt.Println(names.Collect(context.Background()))
	// Output: [apple pear] <nil>
}

func ExamplePipe4() {
	batches := pl.Pipe4(pl.From("apple,1.5", "pear,2", "plum,1"),
		thread.Map(parseRow, pl.Workers(2)),
		pl.Ordered,
		serial.Map(pl.Lift(func(r Row) string { return r.Name })),
		pl.Batch[string](2, 0))
	fmt.Println(batches.Collect(context.Background()))
	// Output: [[apple pear] [plum]] <nil>
}

func ExamplePipe5() {
	sizes := pl.Pipe5(pl.Range(10),
		thread.Filter(odd),
		thread.Map(double),
		pl.Ordered,
		pl.Batch[int](2, 0),
		thread.Map(pl.Lift(func(batch []int) int { return len(batch) })))
	fmt.Println(sizes.Collect(context.Background()))
	// Output: [2 2 1] <nil>
}

func ExamplePipe6() {
	values := pl.Pipe6(pl.Range(10), thread.Filter(odd), thread.Map(double), pl.Ordered,
		pl.Batch[int](2, 0), pl.Flatten, pl.Take[int](3))
	fmt.Println(values.Collect(context.Background()))
	// Output: [2 6 10] <nil>
}

func ExamplePipe7() {
	values := pl.Pipe7(pl.Range(10), thread.Filter(odd), thread.Map(double), pl.Ordered,
		pl.Batch[int](2, 0), pl.Flatten, pl.Take[int](3), thread.Map(pl.Lift(strconv.Itoa)))
	fmt.Println(values.Collect(context.Background()))
	// Output: [2 6 10] <nil>
}

func ExamplePipe8() {
	values := pl.Pipe8(pl.Range(10), thread.Filter(odd), thread.Map(double), pl.Ordered,
		pl.Batch[int](2, 0), pl.Flatten, pl.Take[int](3), thread.Map(pl.Lift(strconv.Itoa)), pl.Enumerate)
	fmt.Println(values.Collect(context.Background()))
	// Output: [{0 2} {1 6} {2 10}] <nil>
}

func ExamplePipe9() {
	values := pl.Pipe9(pl.Range(10), thread.Filter(odd), thread.Map(double), pl.Ordered,
		pl.Batch[int](2, 0), pl.Flatten, pl.Take[int](3), thread.Map(pl.Lift(strconv.Itoa)), pl.Enumerate,
		thread.Map(pl.Lift(func(v pl.Indexed[string]) string { return fmt.Sprint(v.Index, ":", v.Value) })))
	fmt.Println(values.Collect(context.Background()))
	// Output: [0:2 1:6 2:10] <nil>
}

// A composed operator keeps the options of its parts, and is used like any other.
func ExampleCompose() {
	read := pl.Compose(thread.Map(parseRow, pl.Workers(4)), pl.Ordered)
	fmt.Println(read(pl.From("apple,1.5", "pear,2")).Collect(context.Background()))
	// Output: [{apple 1.5} {pear 2}] <nil>
}

func ExampleCompose3() {
	names := pl.Compose3(
		thread.Map(parseRow, pl.Workers(4)),
		pl.Ordered,
		serial.Map(pl.Lift(func(r Row) string { return r.Name })))
	fmt.Println(names(pl.From("apple,1.5", "pear,2")).Collect(context.Background()))
	// Output: [apple pear] <nil>
}

func ExampleCompose4() {
	batches := pl.Compose4(thread.Filter(odd), thread.Map(double), pl.Ordered, pl.Batch[int](3, 0))
	fmt.Println(batches(pl.Range(10)).Collect(context.Background()))
	// Output: [[2 6 10] [14 18]] <nil>
}

func ExampleCompose5() {
	first := pl.Compose5(thread.Filter(odd), thread.Map(double), pl.Ordered, pl.Batch[int](3, 0), pl.Take[[]int](1))
	fmt.Println(first(pl.Range(10)).Collect(context.Background()))
	// Output: [[2 6 10]] <nil>
}

func ExampleLift() {
	words := thread.Map(pl.Lift(strings.ToUpper))(pl.From("loud", "and", "clear"))
	fmt.Println(words.Collect(context.Background()))
	// Output: [LOUD AND CLEAR] <nil>
}

func ExampleTry() {
	numbers := thread.Map(pl.Try(strconv.Atoi))(pl.From("1", "2"))
	fmt.Println(numbers.Collect(context.Background()))
	// Output: [1 2] <nil>
}
