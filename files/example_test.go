package files_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/thread"
)

// orders is a text for the examples. A program of yours has files.Open("orders.csv") instead.
func orders(text string) files.Opener {
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

// temp is the name of a file in a folder of its own, which remove removes.
func temp(name string) (path string, remove func()) {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	return filepath.Join(folder, name), func() { os.RemoveAll(folder) }
}

// show prints a file.
func show(name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print(string(text))
}

// A program reads a table, works on its records with four workers, and writes the results to a file
// that appears only when it is whole.
func Example() {
	result, remove := temp("orders.jsonl")
	defer remove()

	type order struct {
		Item  string
		Count string
	}
	parse := func(fields []string) order { return order{fields[0], fields[1]} }

	out := files.Create(result)
	defer out.Close() // removes it, unless there was a Commit
	stage := pl.Pipe3(
		files.CSV(orders("item,count\napple,3\npear,1\n"), files.Header()),
		thread.Map(pl.Lift(parse), pl.Workers(4)),
		pl.Ordered,
		files.WriteJSON[order](out))
	if err := stage.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	if err := out.Commit(); err != nil {
		fmt.Println(err)
		return
	}
	show(result)
	// Output:
	// {"Item":"apple","Count":"3"}
	// {"Item":"pear","Count":"1"}
}

// Of a text of JSON Lines, those that are malformed are dropped and named.
func Example_malformedLines() {
	type order struct{ Item string }
	decode := func(line string) (o order, err error) {
		err = json.Unmarshal([]byte(line), &o)
		return o, err
	}
	lines := files.Lines(orders(`{"item": "apple"}
{"item": pear}
{"item": "plum"}
`))
	stage := thread.Map(pl.Try(decode), pl.OnError(func(_ context.Context, e *pl.StageError) error {
		fmt.Println("dropped:", e.Item)
		return nil
	}))(lines)
	fmt.Println(stage.Collect(context.Background()))
	// Output:
	// dropped: {"item": pear}
	// [{apple} {plum}] <nil>
}

func ExampleOpen() {
	name, remove := temp("log.gz")
	defer remove()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, "started\nstopped\n")
	w.Close()
	os.WriteFile(name, packed.Bytes(), 0o600)

	fmt.Println(files.Lines(files.Open(name)).Collect(context.Background()))
	// Output: [started stopped] <nil>
}

// What a source reads need not be a file: here it is the output of a program that is made for each
// run.
func ExampleOpener() {
	var numbers files.Opener = func(context.Context) (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			for i := range 3 {
				fmt.Fprintln(w, i)
			}
			w.Close()
		}()
		return r, nil
	}
	fmt.Println(files.JSON[int](numbers).Collect(context.Background()))
	// Output: [0 1 2] <nil>
}

func ExampleLines() {
	for line, err := range files.Lines(orders("first\r\nsecond")).All(context.Background()) {
		fmt.Printf("%q %v\n", line, err)
	}
	// Output:
	// "first" <nil>
	// "second" <nil>
}

func ExampleMaxLine() {
	_, err := files.Lines(orders("short\nquite long\n"), files.MaxLine(8)).Collect(context.Background())
	fmt.Println(err)
	// Output: pl: stage "files.Lines", worker 0: line 2: the line is longer than MaxLine(8)
}

func ExampleJSON() {
	type order struct {
		Item  string
		Count int
	}
	text := orders(`{"item": "apple", "count": 3}
{"item": "pear", "count": "one"}
`)
	for o, err := range files.JSON[order](text).All(context.Background()) {
		if at, ok := errors.AsType[*files.Error](err); ok {
			fmt.Println("line", at.Line, "column", at.Column)
			break
		}
		fmt.Println(o.Item, o.Count)
	}
	// Output:
	// apple 3
	// line 2 column 31
}

func ExampleError() {
	_, err := files.CSV(orders("item,count\n\napple\n"), files.Header()).Collect(context.Background())
	fmt.Println(err)
	// Output: pl: stage "files.CSV", worker 0: line 3:1: wrong number of fields: the record has 1, the header has 2
}

func ExampleCSV() {
	fmt.Println(files.CSV(orders("apple,3\n\"pear, green\",1\n")).Collect(context.Background()))
	// Output: [[apple 3] [pear, green 1]] <nil>
}

func ExampleHeader() {
	fmt.Println(files.CSV(orders("item,count\napple,3\n"), files.Header()).Collect(context.Background()))
	// Output: [[apple 3]] <nil>
}

func ExampleComma() {
	fmt.Println(files.CSV(orders("apple;1,5\n"), files.Comma(';')).Collect(context.Background()))
	// Output: [[apple 1,5]] <nil>
}

func ExampleOption() {
	german := []files.Option{files.Header(), files.Comma(';')}
	fmt.Println(files.CSV(orders("Ware;Preis\nApfel;1,5\n"), german...).Collect(context.Background()))
	// Output: [[Apfel 1,5]] <nil>
}

// want names the folders to enter and the files to yield.
func ExampleWalk() {
	root, remove := temp("")
	defer remove()
	os.Mkdir(filepath.Join(root, ".git"), 0o700)
	for _, name := range []string{".git/head.go", "main.go", "notes.txt"} {
		os.WriteFile(filepath.Join(root, name), nil, 0o600)
	}
	source := files.Walk(root, func(path string, entry fs.DirEntry) bool {
		if entry.IsDir() {
			return entry.Name() != ".git"
		}
		return filepath.Ext(path) == ".go"
	})
	base := thread.Map(pl.Lift(filepath.Base))
	fmt.Println(base(source).Collect(context.Background()))
	// Output: [main.go] <nil>
}

func ExampleWriteLines() {
	err := files.WriteLines(os.Stdout)(pl.From("apple", "pear")).Run(context.Background())
	fmt.Println(err)
	// Output:
	// apple
	// pear
	// <nil>
}

func ExampleWriteJSON() {
	type order struct{ Item string }
	err := files.WriteJSON[order](os.Stdout)(pl.From(order{"apple"}, order{"pear"})).Run(context.Background())
	fmt.Println(err)
	// Output:
	// {"Item":"apple"}
	// {"Item":"pear"}
	// <nil>
}

func ExampleCreate() {
	name, remove := temp("fruit.txt")
	defer remove()
	out := files.Create(name)
	defer out.Close()
	err := files.WriteLines(out)(pl.From("apple", "pear")).Run(context.Background())
	if err == nil {
		err = out.Commit()
	}
	fmt.Println(err)
	show(name)
	// Output:
	// <nil>
	// apple
	// pear
}

func ExampleFile_Write() {
	name, remove := temp("note.txt")
	defer remove()
	out := files.Create(name)
	defer out.Close()
	fmt.Fprintln(out, "not there yet")
	_, err := os.Stat(name)
	fmt.Println(os.IsNotExist(err))
	// Output: true
}

func ExampleFile_Commit() {
	name, remove := temp("note.txt")
	defer remove()
	out := files.Create(name)
	defer out.Close()
	fmt.Fprintln(out, "whole")
	fmt.Println(out.Commit())
	show(name)
	// Output:
	// <nil>
	// whole
}

func ExampleFile_Close() {
	name, remove := temp("note.txt")
	defer remove()
	out := files.Create(name)
	fmt.Fprint(out, "half")
	fmt.Println(out.Close())
	left, _ := os.ReadDir(filepath.Dir(name))
	fmt.Println(len(left), "files")
	// Output:
	// <nil>
	// 0 files
}

func ExampleFile_Name() {
	fmt.Println(files.Create("result.txt").Name())
	// Output: result.txt
}
