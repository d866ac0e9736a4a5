package pl

import (
	"fmt"

	"github.com/gopeln/pl/internal/observe"
)

// RunState is the state of a run.
type RunState int

// The states of a run.
const (
	Running   RunState = iota
	Draining           // its sources have been stopped by [Drain], and what they yielded is being finished
	Done               // it has ended without an error, also by its consumer's break
	Failed             // it has ended with an error
	Cancelled          // its caller's context has ended
)

var runStates = []string{"Running", "Draining", "Done", "Failed", "Cancelled"}

// String returns the constant's name, such as Running.
func (s RunState) String() string { return nameOf("RunState", int(s), runStates) }

// MarshalText returns the state's name.
func (s RunState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *RunState) UnmarshalText(text []byte) error {
	i, err := numberOf("RunState", string(text), runStates)
	*s = RunState(i)
	return err
}

// cutAt is the Cut of a run that was so far. If the sources' number of values is not known, that may
// have been after the last one.
func cutAt(how string, progress float64) observe.Cut {
	if progress >= 1 {
		return observe.Cut{}
	}
	return observe.Cut{How: how, At: progress}
}

func init() {
	observe.CutOf = func(stats any) observe.Cut { return stats.(*Stats).cut }
}

// nameOf returns the name of the constant i of a type called kind.
func nameOf(kind string, i int, names []string) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("%s(%d)", kind, i)
	}
	return names[i]
}

// numberOf returns the constant with that name of a type called kind.
func numberOf(kind, name string, names []string) (int, error) {
	for i, n := range names {
		if n == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("pl: there is no %s called %q", kind, name)
}
