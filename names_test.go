package pl_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

type doubler struct{}

func (doubler) double(_ context.Context, x int) (int, error) { return 2 * x, nil }

func identity[T any](_ context.Context, v T) (T, error) { return v, nil }

// func1 has the name of a literal.
func func1(_ context.Context, x int) (int, error) { return x, nil }

func nameOf[T any](s pl.Stage[T]) string {
	nodes := s.Graph().Nodes
	return nodes[len(nodes)-1].Name
}

// place returns the place of its call.
func place() string {
	_, file, line, _ := runtime.Caller(1)
	return filepath.Base(file) + ":" + strconv.Itoa(line)
}

func TestAFunctionWithANameGivesItToItsStage(t *testing.T) {
	s := pl.Range(3)
	assert.Equal(t, "same", nameOf(thread.Map(same)(s)))
	assert.Equal(t, "func1", nameOf(thread.Map(func1)(s)))
	assert.Equal(t, "doubler.double", nameOf(thread.Map(doubler{}.double)(s)))
	assert.Equal(t, "identity", nameOf(thread.Map(identity[int])(s)))
	assert.Equal(t, "odd", nameOf(serial.Filter(odd)(s)))
}

var literalOfPackage, placeOfPackage = thread.Map(func(_ context.Context, x int) (int, error) { return x, nil }), place()

func TestALiteralIsCalledByOperatorAndPlace(t *testing.T) {
	s := pl.Range(3)
	byName := map[string]string{}
	add := func(where, verb, name string) { byName[verb+" at "+where] = name }

	m, at := thread.Map(func(_ context.Context, x int) (int, error) { return x, nil }), place()
	add(at, "Map", nameOf(m(s)))
	f, at := task.Filter(func(context.Context, int) (bool, error) { return true, nil }), place()
	add(at, "Filter", nameOf(f(s)))
	e, at := serial.Each(func(context.Context, int) error { return nil }), place()
	add(at, "Each", nameOf(e(s)))
	p, at := process.FlatMap(func(context.Context, int, func(int) bool) error { return nil }), place()
	add(at, "FlatMap", nameOf(p(s)))
	add(placeOfPackage, "Map", nameOf(literalOfPackage(s)))
	w, at := pl.TakeWhile(func(int) bool { return true }), place()
	add(at, "TakeWhile", nameOf(w(s)))
	d, at := pl.Distinct(func(x int) int { return x }, 0), place()
	add(at, "Distinct", nameOf(d(s)))
	func() {
		defer func() { // compilers name closures in several ways
			func() {
				l, at := thread.Map(pl.Lift(strconv.Itoa)), place()
				add(at, "Map", nameOf(l(s)))
				l2, at := task.Map(pl.Try(func(x int) (int, error) { return x, nil })), place()
				add(at, "Map", nameOf(l2(s)))
			}()
		}()
	}()
	require.Len(t, byName, 9)
	for want, got := range byName {
		assert.Equal(t, want, got)
	}
}

func TestALiteralStageIsShownByItsPlace(t *testing.T) {
	s, at := thread.Map(func(_ context.Context, x int) (int, error) { return x, nil })(pl.Range(3)), place()
	assert.Equal(t, "range(3) → thread.Map at "+at, s.String())
	assert.Equal(t, "range(3) → thread.Map(id)", s.With(pl.Name("id")).String())
	err := s.With(pl.Workers(0)).Run(t.Context())
	assert.ErrorContains(t, err, fmt.Sprintf("%q", "Map at "+at))
}

func TestANilFunctionNamesItsPlace(t *testing.T) {
	check := func(at string, err error) {
		t.Helper()
		assert.ErrorContains(t, err, "nil")
		assert.ErrorContains(t, err, at)
	}
	s := pl.Range(3)
	m, at := thread.Map[int, int](nil, pl.Name("named")), place()
	check(at, m(s).Run(t.Context()))
	f, at := task.Filter[int](nil), place()
	check(at, f(s).Run(t.Context()))
	e, at := serial.Each[int](nil), place()
	check(at, e(s).Run(t.Context()))
	l, at := thread.Map(pl.Lift[int, int](nil)), place()
	check(at, l(s).Run(t.Context()))
	w, at := pl.TakeWhile[int](nil), place()
	check(at, w(s).Run(t.Context()))
	d, at := pl.Distinct[int, int](nil, 0), place()
	check(at, d(s).Run(t.Context()))
	b, at := pl.BatchWeight[int](3, 10, nil, 0), place()
	check(at, b(s).Run(t.Context()))
	yes, no, at := func() (y, n pl.Stage[int], at string) { y, n = pl.Split(s, nil); return y, n, place() }()
	check(at, yes.Run(t.Context()))
	check(at, no.Run(t.Context()))
	src, at := pl.FromFunc[int](nil), place()
	check(at, src.Run(t.Context()))
	q, at := pl.FromSeq[int](nil), place()
	check(at, q.Run(t.Context()))
	none, at := pl.Pipe(s, pl.Partial[int, int](nil)), place()
	check(at, none.Run(t.Context()))
	err, at := func() error { _, err := s.Any(t.Context(), nil); return err }(), place()
	check(at, err)
}

func TestAForeignOptionSaysWhoseItIs(t *testing.T) {
	for name, s := range map[string]pl.Stage[int]{
		"thread": thread.Map(same, process.Recycle(3))(pl.Range(3)),
		"task":   task.Map(same, process.Recycle(3))(pl.Range(3)),
		"serial": serial.Map(same, process.Recycle(3))(pl.Range(3)),
		"later":  thread.Map(same)(pl.Range(3)).With(process.Recycle(3)),
		"source": pl.Range(3).With(process.Recycle(3)),
	} {
		err := s.Run(t.Context())
		assert.ErrorContains(t, err, "Recycle(3)", name)
		assert.ErrorContains(t, err, "package process", name)
	}
	err := thread.Map(same, task.Loops(2))(pl.Range(3)).Run(t.Context())
	assert.ErrorContains(t, err, "package task")
	assert.False(t, strings.Contains(err.Error(), "process"))
}
