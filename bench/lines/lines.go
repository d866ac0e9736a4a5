// Package lines measures what it costs to read the lines of a file, beside the loop over
// bufio.Scanner that a program would have instead. Both make a string of each line.
package lines

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/files"
)

// meanLength is that of a line, with its end. Two million of them are 200 MB.
const meanLength = 100

// Run prints the times of a line.
func Run(e measure.Effort, w io.Writer) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	n := e.ValuesOr(2_000_000)
	name := filepath.Join(folder, "lines.txt")
	size, err := write(name, n)
	if err != nil {
		return err
	}
	results, err := measure.Compare([]measure.Contender{
		{Name: "bufio.Scanner", Run: func(n int) (int, error) { return scanner(name, n) }},
		{Name: "gopeln files.Lines", Run: func(n int) (int, error) { return ours(name, n) }},
	}, e, n, size)
	if err != nil {
		return err
	}
	t := measure.Rank(fmt.Sprintf("%d lines of %d bytes on average", n, meanLength), results, 1)
	t.AddCPU(results)
	return t.Write(w)
}

// write makes a file of n lines, and returns how long they are, without their ends, in all.
func write(name string, n int) (size int, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	b := bufio.NewWriterSize(f, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 2*meanLength)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	for range n {
		line := text[:random.IntN(2*meanLength-1)]
		size += len(line)
		_, _ = b.Write(line) // an error stays until Flush
		_ = b.WriteByte('\n')
	}
	return size, b.Flush()
}

// kept is the last line: a string that goes nowhere would not be allocated.
var kept string

// scanner is the loop by hand: it returns the length of the first n lines.
func scanner(name string, n int) (size int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for read := 0; read < n && s.Scan(); read++ {
		kept = s.Text()
		size += len(kept)
	}
	return size, s.Err()
}

func ours(name string, n int) (size int, err error) {
	read := 0
	for line, err := range files.Lines(files.Open(name)).All(context.Background()) {
		if err != nil {
			return 0, err
		}
		kept = line
		size += len(kept)
		if read++; read == n {
			break
		}
	}
	return size, nil
}
