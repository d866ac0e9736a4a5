package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gopeln/pl"
)

// books are what has become of the orders. They are lists of lines in files; a database would do as
// well. Each line is written before what follows from it:
//
//	ledger        an account, its cents, and the offset of the last order applied to it: the last line of each counts
//	dead-letters  the orders that were refused, by their offset, and why
//	offset        up to where the log is done: the last line counts
//
// An order may run twice, if the program is killed before its offset is committed. But since those
// of an account run one after the other, the offset in the account tells which of them it has had.
type books struct {
	offset  int64
	offsets *os.File

	mu       sync.Mutex
	accounts map[string]account
	ledger   *os.File
	refused  map[int64]bool // by offset
	letters  *os.File
}

type account struct{ cents, offset int64 }

func openBooks(dir string) (*books, error) {
	b := &books{accounts: map[string]account{}, refused: map[int64]bool{}}
	var errs [3]error
	b.ledger, errs[0] = openList(filepath.Join(dir, "ledger"), func(line string) error {
		var name string
		var a account
		_, err := fmt.Sscan(line, &name, &a.cents, &a.offset)
		b.accounts[name] = a
		return err
	})
	b.letters, errs[1] = openList(filepath.Join(dir, "dead-letters"), func(line string) error {
		var offset int64
		_, err := fmt.Sscan(line, &offset)
		b.refused[offset] = true
		return err
	})
	b.offsets, errs[2] = openList(filepath.Join(dir, "offset"), func(line string) error {
		_, err := fmt.Sscan(line, &b.offset)
		return err
	})
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// openList opens a file to append lines to it, and calls take for each that it has. A last line
// without its end was being written when the program was killed: it is cut off.
func openList(name string, take func(line string) error) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	for line := range strings.Lines(string(whole)) {
		if takeErr := take(line); takeErr != nil && err == nil {
			err = fmt.Errorf("%s: %q: %w", name, line, takeErr)
		}
	}
	if err == nil {
		err = f.Truncate(int64(len(whole)))
	}
	return f, err
}

func (b *books) close() error {
	var errs []error
	for _, f := range []*os.File{b.ledger, b.letters, b.offsets} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

var errRefused = errors.New("refused")

// apply adds an order's amount to its account. It holds no lock meanwhile: ByKey keeps the
// account's other orders away.
func (b *books) apply(_ context.Context, o Order) (offset int64, err error) {
	a := b.account(o.Account)
	if o.Next <= a.offset {
		return o.Next, nil // it ran before the program was killed
	}
	amount, err := cents(o.Amount)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	if a.cents+amount < 0 {
		return 0, fmt.Errorf("%w: the account has only %d cents", errRefused, a.cents)
	}
	time.Sleep(rand.N(2 * time.Millisecond)) // here: what takes time, such as to ask the bank
	return o.Next, b.post(o.Account, account{a.cents + amount, o.Next})
}

func (b *books) account(name string) account {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts[name]
}

func (b *books) post(name string, a account) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts[name] = a
	_, err := fmt.Fprintln(b.ledger, name, a.cents, a.offset)
	return err
}

// refuse makes an order a dead letter, once. OnError calls it before the order has ended, so that
// neither its account nor the committed offset goes on without the letter.
func (b *books) refuse(_ context.Context, e *pl.StageError) error {
	o, ok := e.Item.(Order)
	if !ok || !errors.Is(e, errRefused) {
		return e // such as a full disk: no order is to blame
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused[o.Next] {
		return nil
	}
	b.refused[o.Next] = true
	_, err := fmt.Fprintln(b.letters, o.Next, o.Account, o.Amount, e.Err)
	return err
}

// commit says that the log is done up to an offset.
func (b *books) commit(offset int64) error {
	b.offset = offset
	_, err := fmt.Fprintln(b.offsets, offset)
	return err
}

// String sums up.
func (b *books) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sum int64
	for _, a := range b.accounts {
		sum += a.cents
	}
	return fmt.Sprintf("%d accounts have %d.%02d; %d dead letters; done up to offset %d",
		len(b.accounts), sum/100, sum%100, len(b.refused), b.offset)
}

// cents reads an amount such as -12.34. A float would not be right to the cent.
func cents(amount string) (int64, error) {
	units, hundredths, _ := strings.Cut(amount, ".")
	n, err := strconv.ParseInt(units+hundredths, 10, 64)
	if err != nil || len(hundredths) != 2 {
		return 0, fmt.Errorf("%q is no amount, such as -12.34", amount)
	}
	return n, nil
}
