package calls

import (
	"context"
	"strings"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestAllAnswer(t *testing.T) {
	var b strings.Builder
	if err := Run(measure.Effort{Values: 200, Reps: 1}, &b); err != nil { // it checks the answers
		t.Fatal(err)
	}
	for _, s := range services {
		if !strings.Contains(b.String(), s.name) {
			t.Errorf("no row for %s in\n%s", s.name, b.String())
		}
	}
}

func TestAWrongAnswerIsFoundOut(t *testing.T) {
	wrong := service{"wrong", 1, func() (func(context.Context, int) (int, error), func() error) {
		return func(_ context.Context, x int) (int, error) { return x, nil }, func() error { return nil }
	}}
	if _, err := wrong.measure(10); err == nil {
		t.Error("a wrong answer was taken for a right one")
	}
}
