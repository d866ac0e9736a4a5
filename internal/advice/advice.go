// Package advice is what a function says, by the error it returns, about further attempts at its
// value.
package advice

import (
	"time"

	"github.com/gopeln/pl/internal/guard"
)

// Error is an error that is marked with advice. Its text is that of the error.
type Error struct {
	Err       error
	Permanent bool          // no further attempt
	After     time.Duration // the next attempt not before this time has passed
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error without the mark.
func (e *Error) Unwrap() error { return e.Err }

// Of returns what all marks in err's tree come to: permanent if one of them is, after the longest
// of their times. An error that cannot be asked has no marks.
func Of(err error) (permanent bool, after time.Duration) {
	var all Error
	if guard.Call(func() { all.collect(err) }) != nil {
		return false, 0
	}
	return all.Permanent, all.After
}

// collect adds the marks in the tree of err. It looks at err as a value of any type, since it walks
// the tree itself.
func (e *Error) collect(err any) {
	if m, ok := err.(*Error); ok {
		e.Permanent = e.Permanent || m.Permanent
		e.After = max(e.After, m.After)
	}
	switch tree := err.(type) {
	case interface{ Unwrap() error }:
		e.collect(tree.Unwrap())
	case interface{ Unwrap() []error }:
		for _, branch := range tree.Unwrap() {
			e.collect(branch)
		}
	}
}

// Strip returns what is within the marks that err begins with.
func Strip(err error) error {
	for {
		m, ok := any(err).(*Error)
		if !ok {
			return err
		}
		err = m.Err
	}
}
