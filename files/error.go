package files

import (
	"fmt"
	"strings"
)

// Error says where in a text something went wrong. errors.Is and errors.As look through it.
type Error struct {
	Name   string // of the text: what its reader's method Name returns, if it has one
	Line   int    // from 1
	Column int    // from 1, in bytes; 0 if the error is about the line
	Err    error
}

// Error is like "orders.csv:17:3: what went wrong".
func (e *Error) Error() string {
	var b strings.Builder
	if e.Name == "" {
		fmt.Fprintf(&b, "line %d", e.Line)
	} else {
		fmt.Fprintf(&b, "%s:%d", e.Name, e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ":%d", e.Column)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
