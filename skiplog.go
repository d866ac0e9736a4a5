package pl

import (
	"context"
	"log/slog"

	"github.com/gopeln/pl/internal/guard"
)

// SkipLog returns a handler for [OnError] that drops the value, as [Skip] does, and logs it to l:
// one record at level Warn for each value, after its last attempt, with the stage, the worker, the
// value, shortened if it is long, the number of attempts, and the error. The record has the context
// of the stage. If l is nil, the record goes to the logger that [slog.Default] returns at that
// time.
func SkipLog(l *slog.Logger) func(ctx context.Context, e *StageError) error {
	return func(ctx context.Context, e *StageError) error {
		to := l
		if to == nil {
			to = slog.Default()
		}
		to.LogAttrs(ctx, slog.LevelWarn, "pl: a value failed and was dropped",
			slog.String("stage", e.Stage), slog.Int("worker", e.Worker), slog.String("value", shown(e.Item)),
			slog.Int("attempts", e.Attempts), slog.Any("err", loggedError{e.Err}))
		return nil
	}
}

// loggedError is a user's error with an Error method that never panics.
type loggedError struct{ error }

func (e loggedError) Error() string { return guard.Text(e.error) }
func (e loggedError) Unwrap() error { return e.error }
