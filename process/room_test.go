//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/thread"
)

// Room downstream is promised to a worker for its results. What no result will fill must be there
// for others at once.

// onlyOdd cannot be encoded where it is even.
type onlyOdd struct{ N int }

func (h onlyOdd) GobEncode() ([]byte, error) {
	if h.N%2 == 0 {
		return nil, errors.New("even")
	}
	return []byte{byte(h.N)}, nil
}

func (h *onlyOdd) GobDecode(data []byte) error {
	h.N = int(data[0])
	return nil
}

var toOnlyOdd = process.Map(func(_ context.Context, n int) (onlyOdd, error) { return onlyOdd{n}, nil }, pl.Name("toOnlyOdd"))

func TestResultsThatCannotBeEncodedNeedNoRoom(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, size := range []int{1, 4} {
		got, err := toOnlyOdd(pl.Range(200)).With(pl.MaxSize(size), pl.OnError(pl.Skip)).Collect(ctx)
		require.NoError(t, err)
		assert.Len(t, got, 100)
	}
}

// sealed cannot be decoded, unless it is open.
type sealed struct{ Open bool }

func (s sealed) GobEncode() ([]byte, error) {
	if s.Open {
		return []byte{1}, nil
	}
	return []byte{0}, nil
}

func (s *sealed) GobDecode(data []byte) error {
	if s.Open = data[0] == 1; !s.Open {
		return errors.New("it is sealed")
	}
	return nil
}

const gateVariable = "GOPELN_TEST_GATE"

// awaitGate waits until the file of that name exists, or for long.
func awaitGate(file string) {
	for range 6000 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func openGate(t *testing.T, file string) { require.NoError(t, os.WriteFile(file, nil, 0o600)) }

// The functions of toSealed get -1 for a result that cannot be decoded, and 0 to wait at the gate.
var toSealed = process.Map(func(_ context.Context, n int) (sealed, error) {
	if n == 0 {
		awaitGate(os.Getenv(gateVariable))
	}
	return sealed{n >= 0}, nil
}, pl.Name("toSealed"))

func TestResultsThatCannotBeDecodedNeedNoRoom(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	gate := filepath.Join(t.TempDir(), "gate")
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for _, n := range []int{-1, -1, -1, 0, 1, 1, 1, 1, 1, 1} {
			if !yield(n) {
				break
			}
			time.Sleep(50 * time.Millisecond) // so that the worker that is free gets it
		}
		return nil
	})
	s := toSealed(source).With(pl.Workers(2), pl.MaxSize(2), pl.OnError(pl.Skip), process.Env(gateVariable+"="+gate))
	got := 0
	for _, err := range s.All(ctx) {
		require.NoError(t, err)
		if got++; got == 6 { // all but the one that waits
			openGate(t, gate)
		}
	}
	assert.Equal(t, 7, got)
}

const slowVariable = "GOPELN_TEST_SLOW_START"

// One worker with that variable starts slowly: the first to make the file beside the gate.
func init() {
	gate := os.Getenv(slowVariable)
	if gate == "" {
		return
	}
	if file, err := os.OpenFile(gate+".taken", os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = file.Close()
		awaitGate(gate)
	}
}

var startsSlowly = process.Map(func(_ context.Context, n int) (int, error) { return n, nil }, pl.Name("startsSlowly"))

func TestAWorkerThatStartsKeepsNoRoom(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	gate := filepath.Join(t.TempDir(), "gate")
	source := pl.FromSeq(func(yield func(int) bool) {
		for i := range 20 {
			if !yield(i) {
				return
			}
		}
	})
	results := startsSlowly(source).With(pl.Workers(2), process.Env(slowVariable+"="+gate))
	s := thread.Map(func(_ context.Context, n int) (int, error) { return n, nil }, pl.MaxSize(2))(results)
	got := 0
	for _, err := range s.All(ctx) {
		require.NoError(t, err)
		if got++; got == 15 { // the other worker's
			openGate(t, gate)
		}
	}
	assert.Equal(t, 20, got)
}
