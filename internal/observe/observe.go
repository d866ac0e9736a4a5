// Package observe is what package monitor asks of a run beside what pl.Observe offers to all.
package observe

import (
	"context"
	"fmt"
)

type valuesKey struct{}

// WithValues makes runs show the values of their slowest calls, as show formats them.
func WithValues(ctx context.Context, show func(any) string) context.Context {
	return context.WithValue(ctx, valuesKey{}, show)
}

// Values returns what WithValues was given, or nil.
func Values(ctx context.Context) func(any) string {
	show, _ := ctx.Value(valuesKey{}).(func(any) string)
	return show
}

// Cut is how a run was cut short that has ended without an error. The zero Cut is that of a run that
// was not, or has not ended.
type Cut struct {
	How string  // "stopped early": its consumer has left; "drained": its sources were stopped
	At  float64 // the progress, from 0 to 1; -1: not known
}

// String returns, for example, "stopped early at 37 %"; "" for the zero Cut.
func (c Cut) String() string {
	if c.How == "" || c.At < 0 {
		return c.How
	}
	return fmt.Sprintf("%s at %d %%", c.How, int(100*c.At))
}

// CutOf returns the Cut of figures, a *pl.Stats. Package pl sets it.
var CutOf func(stats any) Cut
