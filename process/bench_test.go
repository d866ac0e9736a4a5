//go:build unix

package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// record is about 100 bytes of what programs move around.
type record struct {
	ID, From, To int
	Name, Text   string
	Weights      [4]float64
}

var (
	records = process.Map(func(_ context.Context, r record) (record, error) { r.ID++; return r, nil })
	sleepy  = process.Map(func(_ context.Context, n int) (int, error) {
		time.Sleep(20 * time.Millisecond)
		return n, nil
	})
)

// stream measures a value's way through two workers, without their start.
func stream[T any](b *testing.B, stage pl.Partial[T, T], value T) {
	source := pl.FromFunc(func(_ context.Context, yield func(T) bool) error {
		for n := 0; n < b.N && yield(value); n++ {
		}
		return nil
	})
	n := 0
	for _, err := range stage(source).With(pl.Workers(2), pl.MaxSize(4096)).All(b.Context()) {
		if err != nil {
			b.Fatal(err) // package require would cost more than the stage
		}
		if n++; n == 1 {
			b.ResetTimer()
		}
	}
	require.Equal(b, b.N, n)
}

func BenchmarkStream(b *testing.B) {
	r := record{1, 2, 3, "a name of some length", "and a text that is somewhat longer", [4]float64{1, 2, 3, 4}}
	b.Run("int", func(b *testing.B) { stream(b, increment, 7) })
	b.Run("record", func(b *testing.B) { stream(b, records, r) })
	b.Run("10kB", func(b *testing.B) { stream(b, bytes, make([]byte, 10_000)) })
	b.Run("1MB", func(b *testing.B) { stream(b, bytes, make([]byte, 1_000_000)) })
}

// BenchmarkStart measures a run of one value, with the start and the end of its worker.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		require.NoError(b, increment(pl.From(1)).Run(b.Context()))
	}
}

// BenchmarkRoundTrip measures one value's way through an idle stage.
func BenchmarkRoundTrip(b *testing.B) {
	next := make(chan struct{}, 1)
	next <- struct{}{}
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for range next {
			if !yield(1) {
				break
			}
		}
		return nil
	})
	n := 0
	for _, err := range increment(source).All(b.Context()) {
		require.NoError(b, err)
		if n++; n > b.N {
			close(next)
			break
		} else if n == 1 {
			b.ResetTimer()
		}
		next <- struct{}{}
	}
}

// BenchmarkCostly shows that costly values are spread evenly: 64 of 20 ms over 8 workers take 160
// ms at best.
func BenchmarkCostly(b *testing.B) {
	for b.Loop() {
		require.NoError(b, sleepy(pl.Range(64)).With(pl.Workers(8)).Run(b.Context()))
	}
}
