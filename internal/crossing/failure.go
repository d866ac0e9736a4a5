package crossing

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/advice"
	"github.com/gopeln/pl/internal/guard"
)

// Arrived makes the error that a function's error arrives as. Package process sets it, whose type
// it is.
var Arrived func(typ, message, stack string, sentinels []error) error

// RegisterError makes errors.Is find err in errors that have arrived.
func RegisterError(err error) {
	sentinels.Lock()
	defer sentinels.Unlock()
	if err != nil {
		sentinels.all = append(sentinels.all, err)
	}
}

var sentinels = registeredErrors{all: []error{context.Canceled, context.DeadlineExceeded, io.EOF, pl.ErrDrain}}

// sentinelDeadline is the index of context.DeadlineExceeded.
const sentinelDeadline = 1

// Sentinel names a registered error. In processes of one build its number says all; another build
// may number it otherwise.
type Sentinel struct {
	Number int
	Text   string `json:",omitempty"` // empty: only processes of one build are concerned
}

// in returns the error of all that s names, or nil.
func (s Sentinel) in(all []error) error {
	if s.Number >= 0 && s.Number < len(all) && (s.Text == "" || guard.Text(all[s.Number]) == s.Text) {
		return all[s.Number]
	}
	for _, err := range all {
		if s.Text != "" && guard.Text(err) == s.Text {
			return err
		}
	}
	return nil
}

type registeredErrors struct {
	sync.Mutex
	all []error
}

// list returns the sentinels of now.
func (r *registeredErrors) list() []error {
	r.Lock()
	defer r.Unlock()
	return slices.Clip(r.all)
}

// Failure is an error on its way to another process. It travels as JSON.
type Failure struct {
	Type, Message, Stack string
	Before               string      `json:",omitempty"` // the text that wraps a panic
	Kind                 failureKind `json:",omitempty"`
	Sentinels            []Sentinel  `json:",omitempty"`
	// What the marks in it come to, of pl.Permanent and pl.RetryAfter.
	Permanent bool          `json:",omitempty"`
	After     time.Duration `json:",omitempty"`
}

type failureKind int

const (
	failureError failureKind = iota
	failurePanic
	failureGoexit
)

// NewFailure is err, ready to travel.
func NewFailure(err error) *Failure {
	f := &Failure{Type: fmt.Sprintf("%T", advice.Strip(err)), Message: guard.Text(err)}
	f.Permanent, f.After = advice.Of(err)
	if guard.Is(err, pl.ErrGoexit) {
		f.Kind = failureGoexit
		if before, wraps := strings.CutSuffix(f.Message, pl.ErrGoexit.Error()); wraps {
			f.Before = before
		}
	}
	if p, ok := guard.As[*pl.PanicError](err); ok {
		if before, wraps := strings.CutSuffix(f.Message, guard.Text(p)); wraps {
			f.Before = before
		}
		f.Kind, f.Message, f.Stack = failurePanic, valueText(p.Value), string(p.Stack)
	}
	for i, s := range sentinels.list() {
		if guard.Is(err, s) {
			f.Sentinels = append(f.Sentinels, Sentinel{i, guard.Text(s)})
		}
	}
	return f
}

// valueText shows what panic was called with, whose methods may be the user's.
func valueText(v any) (text string) {
	if trouble := guard.Call(func() { text = fmt.Sprint(v) }); trouble != nil {
		return fmt.Sprintf("a value of type %T, whose method %v", v, trouble)
	}
	return text
}

func wrapped(before string, err error) error {
	if before == "" {
		return err
	}
	return fmt.Errorf("%s%w", before, err)
}

// Err is the failure as the other end sees it, with the marks that it had.
func (f *Failure) Err() error {
	if f.Permanent || f.After > 0 {
		return &advice.Error{Err: f.unmarked(), Permanent: f.Permanent, After: f.After}
	}
	return f.unmarked()
}

func (f *Failure) unmarked() error {
	switch f.Kind {
	case failurePanic:
		return wrapped(f.Before, &pl.PanicError{Value: f.Message, Stack: []byte(f.Stack)})
	case failureGoexit:
		return wrapped(f.Before, pl.ErrGoexit)
	}
	all := sentinels.list()
	var here []error
	for _, s := range f.Sentinels {
		if err := s.in(all); err != nil {
			here = append(here, err)
		}
	}
	return Arrived(f.Type, f.Message, f.Stack, here)
}
