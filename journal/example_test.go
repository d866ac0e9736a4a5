package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/journal"
	"github.com/gopeln/pl/thread"
)

// The first run is left half-way. The second does the rest, and again what the first had in hand.
func Example() {
	folder, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(folder)

	square := thread.Map(pl.Lift(func(i int) int { return i * i }))
	importUntil := func(last int) error {
		j, err := journal.Open(filepath.Join(folder, "import.journal"), journal.Version("squares"))
		if err != nil {
			return err
		}
		defer j.Close()
		todo := journal.Skip(j, func(i int) string { return strconv.Itoa(i * i) })(pl.Range(5))
		for n, err := range journal.Done(j, strconv.Itoa)(square(todo)).All(context.Background()) {
			if err != nil {
				return err
			}
			fmt.Println("import", n)
			if n == last {
				break
			}
		}
		return j.Close()
	}
	fmt.Println(importUntil(4))
	fmt.Println(importUntil(-1))
	// Output:
	// import 0
	// import 1
	// import 4
	// <nil>
	// import 4
	// import 9
	// import 16
	// <nil>
}

func tempJournal(opts ...journal.Option) (j *journal.Journal, remove func()) {
	folder, _ := os.MkdirTemp("", "")
	j, err := journal.Open(filepath.Join(folder, "a.journal"), opts...)
	if err != nil {
		panic(err)
	}
	return j, func() {
		j.Close()
		os.RemoveAll(folder)
	}
}

func ExampleOpen() {
	folder, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(folder)
	name := filepath.Join(folder, "a.journal")
	j, err := journal.Open(name)
	fmt.Println(err)
	_, err = journal.Open(name)
	fmt.Println("a second time:", err != nil)
	fmt.Println(j.Close())
	// Output:
	// <nil>
	// a second time: true
	// <nil>
}

func ExampleVersion() {
	folder, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(folder)
	name := filepath.Join(folder, "a.journal")
	j, _ := journal.Open(name, journal.Version("model 7"))
	j.Close()
	_, err := journal.Open(name, journal.Version("model 8"))
	fmt.Println(err != nil)
	// Output: true
}

func ExampleOption() {
	opts := []journal.Option{journal.Version("model 7")}
	j, remove := tempJournal(opts...)
	defer remove()
	fmt.Println(j.Close())
	// Output: <nil>
}

func ExampleSkip() {
	j, remove := tempJournal()
	defer remove()
	_ = journal.Done(j, strconv.Itoa)(pl.From(1, 3)).Run(context.Background())
	fmt.Println(journal.Skip(j, strconv.Itoa)(pl.Range(5)).Collect(context.Background()))
	// Output: [0 2 4] <nil>
}

// The value at which a loop is left is not done.
func ExampleDone() {
	j, remove := tempJournal()
	defer remove()
	for word := range journal.Done(j, func(s string) string { return s })(pl.From("one", "two", "three")).All(context.Background()) {
		if word == "two" {
			break
		}
	}
	left := journal.Skip(j, func(s string) string { return s })(pl.From("one", "two", "three"))
	fmt.Println(left.Collect(context.Background()))
	// Output: [two three] <nil>
}

func ExampleJournal_Close() {
	j, remove := tempJournal()
	defer remove()
	fmt.Println(j.Close())
	fmt.Println(journal.Done(j, strconv.Itoa)(pl.Range(1)).Run(context.Background()) != nil)
	// Output:
	// <nil>
	// true
}

func ExampleJournal() {
	var none *journal.Journal
	fmt.Println(none.Close())
	// Output: the journal is nil; journal.Open makes one
}
