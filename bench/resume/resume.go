// Package resume measures what it costs to keep a journal of what is done: the time of a value,
// beside a bare write of as many bytes for each, and the memory of the keys.
package resume

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/journal"
)

// Run prints the times of a value, and the memory of ten times as many keys.
func Run(e measure.Effort, w io.Writer) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	n := e.ValuesOr(1_000_000)
	results, err := measure.Compare([]measure.Contender{
		{Name: "a loop", Run: loop},
		{Name: "a loop, a write(2) of 33 bytes each", Run: in(folder, writes)},
		{Name: "gopeln journal.Done", Run: in(folder, done)},
	}, e, n, n)
	if err != nil {
		return err
	}
	t := measure.Rank(fmt.Sprintf("a journal of %d values", n), results, 1)
	t.AddCPU(results)
	if err := t.Write(w); err != nil {
		return err
	}
	return keys(filepath.Join(folder, "keys.journal"), 10*n, w)
}

// in makes a contender of one that writes to a file, each time to a new one.
func in(folder string, run func(name string, n int) (int, error)) func(n int) (int, error) {
	return func(n int) (int, error) {
		name := filepath.Join(folder, "a.journal")
		defer os.RemoveAll(name)
		return run(name, n)
	}
}

func loop(n int) (count int, err error) {
	for key, err := range values(n).All(context.Background()) {
		if err != nil {
			return 0, err
		}
		count += min(1, len(key))
	}
	return count, nil
}

func writes(name string, n int) (count int, err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	line := make([]byte, 33)
	for _, err := range values(n).All(context.Background()) {
		if err != nil {
			return 0, err
		}
		if _, err := f.Write(line); err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

func done(name string, n int) (count int, err error) {
	j, err := journal.Open(name)
	if err != nil {
		return 0, err
	}
	key := func(s string) string { return s }
	for _, failure := range journal.Done(j, key)(values(n)).All(context.Background()) {
		if failure != nil {
			err = failure
			break
		}
		count++
	}
	return count, errors.Join(err, j.Close())
}

// values are keys that are there already.
func values(n int) pl.Stage[string] {
	for i := len(numbers); i < n; i++ {
		numbers = append(numbers, strconv.Itoa(i))
	}
	return pl.FromSlice(numbers[:n])
}

var numbers []string

// keys opens a journal of n keys and prints what that takes.
func keys(name string, n int, w io.Writer) error {
	if err := write(name, n); err != nil {
		return err
	}
	before := heap()
	start := time.Now()
	j, err := journal.Open(name)
	if err != nil {
		return err
	}
	took := time.Since(start)
	size := heap() - before
	t := measure.Table{Title: fmt.Sprintf("a journal of %d keys, opened", n), Head: []string{"", "MB", "bytes a key", "s"}}
	t.Add("gopeln journal.Open", fmt.Sprint(size/1e6), fmt.Sprintf("%.1f", float64(size)/float64(n)), fmt.Sprintf("%.1f", took.Seconds()))
	if err := j.Close(); err != nil {
		return err
	}
	return t.Write(w)
}

// write makes a journal of n keys by hand.
func write(name string, n int) error {
	j, err := journal.Open(name) // the first line
	if err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := bufio.NewWriterSize(f, 1<<20)
	var key [16]byte
	for i := range n {
		binary.LittleEndian.PutUint64(key[:], uint64(i)*0x9e3779b97f4a7c15)
		fmt.Fprintf(b, "%x\n", key)
	}
	return b.Flush()
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
