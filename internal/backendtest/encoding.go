package backendtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// A type that runs code of its own while it is encoded or decoded may fail in that, panic, or end
// the goroutine. That costs the value, and no other.

var encodingChecks = []check{
	{"ValuesFailAlone", nothing, moodyValues},
	{"ResultsFailAlone", nothing, moodyResults},
	{"FailuresSayWhatFailed", nothing, moodyErrors},
	{"RunsEndAtOnce", nothing, moodyRunEnds},
}

// Moody encodes itself, and is moody in that.
type Moody struct {
	N    int
	Mood string // what happens, and when: "panic in decode"
}

// moods are all moods, and twice as often none.
var moods = func() (all []string) {
	for _, what := range []string{"error", "hostile error", "panic", "Goexit"} {
		for _, when := range []string{"encode", "decode"} {
			all = append(all, "", what+" in "+when, "")
		}
	}
	return all
}()

func mood(n int) string { return moods[n%len(moods)] }

func (m *Moody) is(when string) error {
	what, ok := strings.CutSuffix(m.Mood, " in "+when)
	if !ok {
		return nil
	}
	switch what {
	case "error":
		return fmt.Errorf("in a mood: %w", ErrBroken)
	case "hostile error":
		return &hostileError{"Error", func() { panic("in a mood") }}
	case "panic":
		panic("in a mood")
	}
	runtime.Goexit()
	return nil
}

// MarshalBinary encodes m, if it is in the mood.
func (m Moody) MarshalBinary() ([]byte, error) {
	if err := m.is("encode"); err != nil {
		return nil, err
	}
	return json.Marshal([]any{m.N, m.Mood})
}

// UnmarshalBinary decodes m, if it is in the mood.
func (m *Moody) UnmarshalBinary(data []byte) error {
	parts := []any{&m.N, &m.Mood}
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	return m.is("decode")
}

// Moods are the steps over moody values.
type Moods struct {
	Calm  pl.Partial[Moody, Moody] // takes the mood off a value
	Upset pl.Partial[Moody, Moody] // gives a value without one the mood of its number
}

// Carrying adds what the checks of encodings need: the backend's Map over a type that encodes
// itself.
func (api API) Carrying(mapper func(func(context.Context, Moody) (Moody, error), ...pl.Option) pl.Partial[Moody, Moody]) API {
	api.Moods = Moods{
		Calm:  mapper(func(_ context.Context, m Moody) (Moody, error) { return Moody{N: m.N}, nil }),
		Upset: mapper(func(_ context.Context, m Moody) (Moody, error) { return Moody{m.N, mood(m.N)}, nil }),
	}
	return api
}

const moodyCount = 10 * 24

// moody are values with their moods, or without.
func moody(upset bool) []Moody {
	all := make([]Moody, moodyCount)
	for i := range all {
		all[i].N = i
		if upset {
			all[i].Mood = mood(i)
		}
	}
	return all
}

// failAlone checks that exactly the values in a mood fail, where values are encoded; elsewhere none
// does.
func failAlone(t *testing.T, api API, step pl.Partial[Moody, Moody], in []Moody) {
	if step == nil {
		t.Skip("the backend has not said how it carries other types")
	}
	for _, workers := range []int{1, 3} {
		for _, attempts := range []int{1, 2} {
			var mu sync.Mutex
			var good, bad, wantGood, wantBad []int
			drop := pl.OnError(func(_ context.Context, e *pl.StageError) error {
				mu.Lock()
				defer mu.Unlock()
				bad = append(bad, e.Item.(Moody).N)
				return nil
			})
			before := Hold()
			for v, err := range step(pl.FromSlice(in)).With(drop, pl.Workers(workers), pl.Retry(attempts, nil)).All(api.base(t)) {
				require.NoError(t, err)
				good = append(good, v.N)
			}
			before.Check(t)
			for i := range in {
				if api.Encodes && mood(i) != "" {
					wantBad = append(wantBad, i)
				} else {
					wantGood = append(wantGood, i)
				}
			}
			SameValues(t, wantGood, good, "%d workers, %d attempts", workers, attempts)
			SameValues(t, wantBad, bad, "%d workers, %d attempts", workers, attempts)
		}
	}
}

func moodyValues(t *testing.T, api API) { failAlone(t, api, api.Moods.Calm, moody(true)) }

func moodyResults(t *testing.T, api API) { failAlone(t, api, api.Moods.Upset, moody(false)) }

func moodyErrors(t *testing.T, api API) {
	if api.Moods.Calm == nil || !api.Encodes {
		t.Skip("nothing is encoded")
	}
	failures := map[string]error{}
	keep := func(_ context.Context, e *pl.StageError) error {
		failures[mood(e.Item.(Moody).N)] = e
		return nil
	}
	for what, step := range map[string]pl.Partial[Moody, Moody]{"value": api.Moods.Calm, "result": api.Moods.Upset} {
		clear(failures)
		require.NoError(t, step(pl.FromSlice(moody(what == "value"))).With(pl.OnError(keep)).Run(api.base(t)))
		for _, when := range []string{"encode", "decode"} {
			words := "cannot " + when + " the " + what
			assert.ErrorIs(t, failures["error in "+when], ErrBroken)
			assert.ErrorContains(t, failures["error in "+when], words)
			assert.ErrorContains(t, failures["hostile error in "+when], words)
			assert.ErrorContains(t, failures["Goexit in "+when], words)
			assert.ErrorIs(t, failures["Goexit in "+when], pl.ErrGoexit)
			p, ok := errors.AsType[*pl.PanicError](failures["panic in "+when])
			require.True(t, ok, "%v", failures["panic in "+when])
			assert.Equal(t, "in a mood", p.Value)
			assert.Contains(t, string(p.Stack), "encoding.go")
		}
	}
}

func moodyRunEnds(t *testing.T, api API) {
	if api.Moods.Calm == nil {
		t.Skip("the backend has not said how it carries other types")
	}
	for _, m := range moods {
		before := Hold()
		_, err := api.Moods.Calm(pl.From(Moody{N: 1}, Moody{2, m}, Moody{N: 3})).Collect(api.base(t))
		assert.Equal(t, api.Encodes && m != "", err != nil, m)
		before.Check(t)
	}
}
