package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
)

// Order is a line of the log. Next is the offset behind it: where the log goes on once the order is
// done.
type Order struct {
	Account, Amount string
	Next            int64
}

func (o Order) account() string { return o.Account }

// read yields the orders of a log from an offset on.
func read(name string, from int64) pl.Stage[Order] {
	return pl.FromFunc(func(_ context.Context, yield func(Order) bool) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Seek(from, io.SeekStart); err != nil {
			return err
		}
		next, lines := from, bufio.NewReader(f)
		for {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				return nil // a line without its end is still being written
			}
			if err != nil {
				return err
			}
			next += int64(len(line))
			account, amount, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if !yield(Order{account, amount, next}) {
				return nil
			}
		}
	})
}

// generate writes a log of n orders, always the same. A few of the accounts have most of them, as
// in life, and about one amount in a hundred is none.
func generate(name string, n int) error {
	random := rand.New(rand.NewPCG(1, 2))
	accounts := rand.NewZipf(random, 1.1, 1, 999)
	f := files.Create(name)
	defer func() { _ = f.Close() }() // without Commit it removes what is written
	w := bufio.NewWriter(f)
	for range n {
		amount := fmt.Sprintf("%.2f", float64(random.IntN(200_00)-90_00)/100)
		if random.IntN(100) == 0 {
			amount = "1O.00"
		}
		fmt.Fprintf(w, "account-%03d %s\n", accounts.Uint64(), amount)
	}
	return errors.Join(w.Flush(), f.Commit())
}
