//go:build go1.27

package pl_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func TestFluentStepsChangeTheType(t *testing.T) {
	s := pl.From("7", "12", "345").
		Pipe(thread.Map(pl.Try(strconv.Atoi), pl.Workers(3))).
		Ordered().
		Pipe(serial.Map(func(_ context.Context, x int) (string, error) { return strconv.Itoa(x + 1), nil })).
		Pipe(pl.Enumerate).
		Pipe(pl.Batch[pl.Indexed[string]](2, time.Hour)).
		Take(1).
		Pipe(pl.Flatten)
	assert.Equal(t, []pl.Indexed[string]{{Index: 0, Value: "8"}, {Index: 1, Value: "13"}}, values(t, s))
}

func TestThenChangesTheType(t *testing.T) {
	length := thread.Map(pl.Lift(strconv.Itoa)).Then(thread.Map(pl.Lift(func(s string) int { return len(s) })))
	assert.Equal(t, []int{1, 3}, values(t, pl.From(7, 345).Pipe(length)))
	wrapped := length.Then(pl.Batch[int](2, 0)).Then(pl.Enumerate)
	assert.Equal(t, []pl.Indexed[[]int]{{Index: 0, Value: []int{1, 3}}}, values(t, wrapped(pl.From(7, 345))))
}

// keeper has a method with a type parameter of its own, which the compiler makes a literal when it is taken as a value.
type keeper struct{}

func (keeper) keep[T any](_ context.Context, v T) (T, error) { return v, nil }

func (k keeper) from[T any](s pl.Stage[T]) (pl.Stage[T], string) {
	return s.Pipe(thread.Map(func(_ context.Context, v T) (T, error) { return v, nil })), place()
}

func TestGenericMethodsNameTheirStages(t *testing.T) {
	m, at := pl.Range(3).Pipe(thread.Map(keeper{}.keep[int])), place()
	assert.Equal(t, "Map at "+at, nameOf(m))
	m, at = keeper{}.from(pl.Range(3))
	assert.Equal(t, "Map at "+at, nameOf(m))
	assert.Equal(t, "doubler.double", nameOf(pl.Range(3).Pipe(thread.Map(doubler{}.double))))
	assert.Equal(t, "identity", nameOf(pl.Range(3).Pipe(thread.Map(identity[int]))))
	var none pl.Partial[int, string]
	s, at := pl.Range(3).Pipe(none), place()
	fails(t, s, "the operator is nil (at "+at+")")
	s, at = pl.Range(3).Pipe(thread.Map[int, string](nil)), place()
	fails(t, s, "the function is nil (at "+at+")")
}

// What the fluent form makes is what the functions make.
func TestFluentFormIsTheFunctions(t *testing.T) {
	atoi := thread.Map(pl.Try(strconv.Atoi), pl.Workers(3))
	assert.Equal(t, pl.Pipe2(pl.From("1"), atoi, pl.Enumerate).String(), pl.From("1").Pipe(atoi).Pipe(pl.Enumerate).String())
	var none pl.Partial[int, string]
	fails(t, pl.Range(3).Pipe(none), "the operator is nil")
	fails(t, pl.Range(3).Pipe(none.Then(pl.Batch[string](1, 0))), "the operator is nil")
}
