package pl_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// every yields from, from+1 … one each d, n in all.
func every(d time.Duration, from, n int) pl.Stage[int] {
	return pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := range n {
			select {
			case <-time.After(d):
			case <-ctx.Done():
				return ctx.Err()
			}
			if !yield(from + i) {
				return nil
			}
		}
		return nil
	})
}

func TestConcat(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"merges as values come": func(t *testing.T) {
			s := pl.Concat(thread.Map(same)(every(2*time.Second, 0, 3)), thread.Map(same)(every(3*time.Second, 10, 2)))
			start := time.Now()
			got := values(t, s)
			assert.Equal(t, 6*time.Second, time.Since(start), "side by side, not one after the other")
			assert.Equal(t, []int{0, 10, 1}, got[:3])
			assert.ElementsMatch(t, []int{2, 11}, got[3:])
		},
		"of nothing is empty":   func(t *testing.T) { assert.Empty(t, values(t, pl.Concat[int]())) },
		"of one is that":        func(t *testing.T) { assert.Equal(t, numbers(9), values(t, pl.Concat(pl.Range(9)))) },
		"of empty ones":         func(t *testing.T) { assert.Empty(t, values(t, pl.Concat(pl.Range(0), pl.Range(0)))) },
		"of a zero stage fails": func(t *testing.T) { fails(t, pl.Concat(pl.Range(3), pl.Stage[int]{})) },
		"of sources": func(t *testing.T) {
			got := values(t, pl.Concat(pl.Range(100), pl.Range(100), pl.From(7)))
			assert.ElementsMatch(t, append(append(numbers(100), numbers(100)...), 7), got)
		},
		"of serial stages": func(t *testing.T) {
			s := serial.Map(same)(pl.Range(50))
			assert.ElementsMatch(t, append(numbers(50), numbers(50)...), values(t, pl.Concat(s, serial.Map(same)(s))))
		},
		"inside concat": func(t *testing.T) {
			s := pl.Concat(pl.Concat(pl.From(1), pl.From(2)), pl.Concat(pl.From(3)), pl.From(4))
			assert.ElementsMatch(t, []int{1, 2, 3, 4}, values(t, s))
		},
		"each branch keeps its order": func(t *testing.T) {
			got := values(t, pl.Concat(thread.Map(same)(pl.Range(200)), thread.Map(negated)(pl.Range(200))))
			up, down := 0, 0
			for _, x := range got {
				if x > 0 {
					up++
					require.Equal(t, up, x)
				}
				if x < 0 {
					down--
					require.Equal(t, down, x)
				}
			}
		},
		"failure of one ends all": func(t *testing.T) {
			fail := func(context.Context, int) (int, error) { return 0, errSource }
			start := time.Now()
			_, err := collect(t, pl.Concat(every(time.Hour, 0, 5), thread.Map(fail)(every(time.Second, 0, 1))))
			assert.ErrorIs(t, err, errSource)
			assert.Equal(t, time.Second, time.Since(start))
		},
		"break ends all": func(t *testing.T) {
			for range pl.Concat(endless(), endless(), thread.Map(same, pl.MaxSize(1))(endless())).All(t.Context()) {
				break
			}
		},
		"MaxSize holds each branch": func(t *testing.T) {
			s := pl.Concat(endless(), endless()).With(pl.MaxSize(2))
			for range s.All(t.Context()) {
				time.Sleep(time.Second) // would fill the memory if nothing held the sources up
				break
			}
		},
		"names the bad option": func(t *testing.T) { fails(t, pl.Concat(pl.Range(3)).With(pl.MaxSize(-1)), "MaxSize(-1)") },
		"first failure of several": func(t *testing.T) {
			errs := []error{errors.New("a"), errors.New("b"), errors.New("c")}
			var all []pl.Stage[int]
			for i, err := range errs {
				fail := func(context.Context, int) (int, error) { return 0, err }
				all = append(all, thread.Map(fail)(every(time.Duration(3-i)*time.Second, 0, 1)))
			}
			_, err := collect(t, pl.Concat(all...))
			assert.ErrorIs(t, err, errs[2])
			assert.NotErrorIs(t, err, errs[0])
		},
	})
}

func negated(_ context.Context, x int) (int, error) { return -x, nil }
