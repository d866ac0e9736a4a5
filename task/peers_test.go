package task_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// In these runs a function holds loop 0, without an await, until loop 1 has made use of the room
// that there is.

// holding makes a stage on loop 0 that tells held when it holds the loop, and then waits for
// release.
func holding(after time.Duration, held chan<- struct{}, release <-chan struct{}) pl.Stage[struct{}] {
	return task.Each(func(ctx context.Context, _ int) error {
		if err := task.Sleep(ctx, after); err != nil {
			return err
		}
		close(held)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	})(pl.Range(1))
}

func TestRoomIsNotLeftToALoopThatIsHeld(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	held, release := make(chan struct{}), make(chan struct{})
	onHeld := task.Map(func(_ context.Context, n int) (int, error) { return n, nil }, pl.MaxSize(1))(pl.Range(50))
	onBoth := task.Map(func(ctx context.Context, n int) (int, error) {
		if pl.WorkerFrom(ctx).Index == 0 {
			return 0, task.Sleep(ctx, time.Hour)
		}
		return 100 + n, task.Sleep(ctx, 50*time.Millisecond)
	}, task.Loops(2), pl.Workers(2), pl.MaxSize(1))(pl.Range(50))
	first := true
	sink := thread.Each(func(_ context.Context, n int) error {
		if first {
			first = false
			<-held
		}
		if n >= 100 {
			close(release)
			cancel()
		}
		return nil
	}, pl.MaxSize(1))(pl.Concat(onHeld, onBoth))
	require.ErrorIs(t, pl.Run(ctx, sink, holding(200*time.Millisecond, held, release)), context.Canceled)
}

func TestRoomInEachQueueIsSeen(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	held, release := make(chan struct{}), make(chan struct{})
	roles := [2][]string{{"F1", "F2", "A"}, {"B", "C"}} // of the first values, by loop
	wait := map[string]time.Duration{"A": 50 * time.Millisecond, "B": 150 * time.Millisecond, "C": 100 * time.Millisecond}
	calls := [2]int{} // each element is its loop's own
	shared := task.Map(func(ctx context.Context, _ int) (string, error) {
		i := pl.WorkerFrom(ctx).Index
		calls[i]++
		if calls[i] > len(roles[i]) {
			return "", task.Sleep(ctx, time.Hour)
		}
		role := roles[i][calls[i]-1]
		return role, task.Sleep(ctx, wait[role])
	}, task.Loops(2), pl.Workers(10))(pl.Range(100))
	one := thread.Each(func(ctx context.Context, role string) error {
		if role == "A" {
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return nil
	}, pl.MaxSize(1))(shared)
	two := thread.Each(func(_ context.Context, role string) error {
		switch role {
		case "F1":
			<-held
		case "C":
			close(release)
			cancel()
		}
		return nil
	}, pl.MaxSize(1))(shared)
	require.ErrorIs(t, pl.Run(ctx, two, one, holding(250*time.Millisecond, held, release)), context.Canceled)
}
