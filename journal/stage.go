package journal

import (
	"context"

	"github.com/gopeln/pl"
)

// Skip drops the values whose key is done already. key is called once for each value, in the
// consumer's goroutine; it must give a value the same key in every run, and the key that [Done] is
// given for what becomes of it. A nil journal or key, or a journal that is closed, fails the run
// before any value moves.
func Skip[T any](j *Journal, key func(T) string) pl.Partial[T, T] {
	return step("journal.Skip", pl.AtMostOne, j, key, func(v T, emit func(T) bool) error {
		if !j.keys.has(keyOf(key(v))) {
			emit(v)
		}
		return nil
	})
}

// Done hands each value on, and records its key once the consumer has asked for the next value. It
// must be the last step of a pipeline: what a stage or a sink behind it has asked for and not yet
// handled is lost if the program dies. A value at which the consumer leaves is not recorded. A nil
// journal or key fails the run before any value moves, and so does a journal that is closed; one
// that cannot be written to fails it at the value whose key was to be recorded.
func Done[T any](j *Journal, key func(T) string) pl.Partial[T, T] {
	return step("journal.Done", pl.One, j, key, func(v T, emit func(T) bool) error {
		k := keyOf(key(v)) // before the consumer can change the value
		if !emit(v) {
			return nil
		}
		return j.record(k)
	})
}

// step makes an operator that runs in its consumer's goroutine, so that emit returns when the
// consumer asks for the next value.
func step[T any](
	name string, results pl.Results, j *Journal, key func(T) string, handle func(v T, emit func(T) bool) error,
) pl.Partial[T, T] {
	op := pl.Operation[T, T]{Verb: name, Results: results, Func: key}
	if j == nil {
		op.Err = errNil
	}
	op.Open = func(context.Context) (pl.Kernel[T, T], func(context.Context) error, error) {
		kernel := func(_ context.Context, v T, emit func(T) bool) error { return handle(v, emit) }
		return kernel, nil, j.usable()
	}
	return pl.NewInline("pl", op, pl.Name(name))
}
