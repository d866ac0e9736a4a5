package pl_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// The fluent form as every Go has it; what only Go 1.27 can do is in pipe_go127_test.go.

func TestFluentStepsApplyInOrder(t *testing.T) {
	s := pl.From(1).Pipe(digit(2)).Pipe(digit(3).Then(digit(4))).Pipe(pl.Ordered)
	assert.Equal(t, []int{1234}, values(t, s))
	assert.Equal(t, []int{1256}, values(t, pl.From(1).Pipe(digit(2).Then(digit(5)).Then(digit(6)))))
}

func TestMethodsAreTheFunctions(t *testing.T) {
	doubled := thread.Map(double, pl.Workers(3))(pl.Range(100))
	assert.Equal(t, pl.Ordered(doubled).String(), doubled.Ordered().String())
	assert.Equal(t, pl.Take[int](5)(doubled).String(), doubled.Take(5).String())
	assert.Equal(t, []int{0, 2, 4, 6, 8}, values(t, doubled.Ordered().Take(5)))
	assert.Empty(t, values(t, doubled.Take(0)))
	window := doubled.Ordered().With(pl.MaxSize(3)).Graph()
	assert.Equal(t, 3, window.Nodes[len(window.Nodes)-1].MaxSize, "With reaches a method's operator as any other")
}

func TestFluentMistakesFailTheRun(t *testing.T) {
	var zero pl.Stage[int]
	var none pl.Partial[int, int]
	fails(t, zero.Pipe(digit(1)), "zero Stage")
	fails(t, zero.Ordered(), "zero Stage")
	fails(t, zero.Take(3), "zero Stage")
	fails(t, pl.Range(3).Take(-1), "Take(-1)", "at least 0")
	fails(t, pl.Range(3).Pipe(none), "the operator is nil")
	fails(t, pl.Range(3).Pipe(none.Then(digit(1))), "the operator is nil")
	fails(t, pl.Range(3).Pipe(digit(1).Then(none)), "the operator is nil")
}

// TestBothFluentFormsDeclareTheSame compares the heads in the files for Go 1.27 and before, where
// the type that a method may change there is the one that it keeps here.
func TestBothFluentFormsDeclareTheSame(t *testing.T) {
	since, before := heads(t, "pipe.go"), heads(t, "pipe_go126.go")
	require.NotEmpty(t, since)
	assert.Equal(t, before, since)
}

var head = regexp.MustCompile(`(?m)^func \(\w (\w+)\[(.*?)\]\) (\w+)(?:\[(\w+) any\])?(.*) {`)

// heads are the heads of a file's methods, with the type parameters called by their places. It
// reads text, since the parser of Go 1.26 does not know methods with type parameters.
func heads(t *testing.T, file string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, m := range head.FindAllStringSubmatch(string(text), -1) {
		receiver, params, name, own, rest := m[1], strings.Split(m[2], ", "), m[3], m[4], m[5]
		places := map[string]string{own: fmt.Sprint("$", len(params)-1)}
		for i, p := range params {
			places[p] = fmt.Sprint("$", i)
		}
		rest = regexp.MustCompile(`\b[A-Z]\b`).ReplaceAllStringFunc(rest, func(p string) string { return places[p] })
		all = append(all, receiver+"."+name+rest)
	}
	return all
}
