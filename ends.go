package pl

import "context"

// An end is a function that consumes a stage and gives one answer. Each is one run. Its error is
// the run's, or that of the end's own function, as a *[StageError] that names the value.

// First runs the stage up to its first value, which it returns with found true, and stops the run.
// found is false if the stage has ended without a value or has failed before it had one.
func (s Stage[T]) First(ctx context.Context) (v T, found bool, err error) {
	for v, err := range s.All(ctx) {
		return v, err == nil, err
	}
	return v, false, nil
}

// Count runs the stage to its end and returns the number of its values. With an error it returns
// the number of those that came before the error.
func (s Stage[T]) Count(ctx context.Context) (n int, err error) {
	for _, err := range s.All(ctx) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Any reports whether f reports true for one of the values. It stops the run at the first such
// value; without values it reports false. f runs in the caller's goroutine. A nil f, or one that
// panics, is an error.
func (s Stage[T]) Any(ctx context.Context, f func(T) bool) (bool, error) {
	return s.ask(ctx, "Any", f, true)
}

// Every reports whether f reports true for all values. It stops the run at the first value for
// which f does not; without values it reports true. f runs in the caller's goroutine. A nil f, or
// one that panics, is an error. With an error Every reports false.
func (s Stage[T]) Every(ctx context.Context, f func(T) bool) (bool, error) {
	different, err := s.ask(ctx, "Every", f, false)
	return !different && err == nil, err
}

// ask reports whether f gives the answer for one of the values.
func (s Stage[T]) ask(ctx context.Context, end string, f func(T) bool, answer bool) (bool, error) {
	if f == nil {
		return false, &StageError{Stage: end, Worker: -1, Err: atUserPlace(errNilFunction)}
	}
	for v, err := range s.All(ctx) {
		if err != nil {
			return false, err
		}
		got, err := guardedEnd(end, v, func() (bool, error) { return f(v), nil })
		if err != nil {
			return false, err
		}
		if got == answer {
			return true, nil
		}
	}
	return false, nil
}

// Reduce folds the values into one: it calls f with the result so far, at first start, and each
// value in the order of arrival. f runs in the caller's goroutine. An error of f, or a panic, stops
// the run and is returned as a *[StageError]. With an error Reduce also returns the result that f
// has made of the values before.
func Reduce[T, R any](ctx context.Context, s Stage[T], start R, f func(acc R, v T) (R, error)) (R, error) {
	if f == nil {
		return start, &StageError{Stage: "Reduce", Worker: -1, Err: atUserPlace(errNilFunction)}
	}
	acc := start
	for v, err := range s.All(ctx) {
		if err != nil {
			return acc, err
		}
		next, err := guardedEnd("Reduce", v, func() (R, error) { return f(acc, v) })
		if err != nil {
			return acc, err
		}
		acc = next
	}
	return acc, nil
}

// guardedEnd calls an end's function for v. A panic is an error. Goexit ends the goroutine, which
// is the caller's.
func guardedEnd[T, R any](end string, v T, f func() (R, error)) (r R, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = recovered(value)
		}
		if err != nil {
			err = &StageError{Stage: end, Worker: -1, Item: v, Err: err}
		}
	}()
	return f()
}

// Chan runs the stage in a goroutine of its own and sends its values to an unbuffered channel,
// which it closes when the run has ended and nothing of it is left. err waits for that moment and
// returns the run's error.
//
// To leave before the end, end ctx: the run stops, the channel is closed, and err returns the
// context's cause. A consumer that stops receiving without doing so leaves the run waiting for it.
func (s Stage[T]) Chan(ctx context.Context) (values <-chan T, err func() error) {
	if ctx == nil {
		ctx = context.Background()
	}
	c := &channelEnd[T]{values: make(chan T), ended: make(chan struct{})}
	go c.run(ctx, s)
	return c.values, func() error {
		<-c.ended
		return c.err
	}
}

// channelEnd is the consumer behind Chan. err is written before ended is closed, and read after.
type channelEnd[T any] struct {
	values chan T
	ended  chan struct{}
	err    error
}

// run is the goroutine of Chan.
func (c *channelEnd[T]) run(ctx context.Context, s Stage[T]) {
	defer close(c.values)
	defer close(c.ended)
	c.err = ErrGoexit // unless send returns
	c.err = c.send(ctx, s)
}

// send runs the stage and sends its values. It returns the run's error.
func (c *channelEnd[T]) send(ctx context.Context, s Stage[T]) error {
	for v, err := range s.All(ctx) {
		if err != nil {
			return err
		}
		select {
		case c.values <- v:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
