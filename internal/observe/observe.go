// Package observe is what package monitor asks of a run beside what pl.Observe offers to all.
package observe

import "context"

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
