package pl

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/gopeln/pl/internal/guard"
)

// SkipLog returns a handler for [OnError] that drops the value, as [Skip] does, and logs it to l:
// one record at level Warn for each value, after its last attempt, with the stage, the worker, the
// value, shortened if it is long, the number of attempts, and the error. The record has the context
// of the stage. If l is nil, the record goes to the logger that [slog.Default] returns at that
// time.
//
// Of an error with several paragraphs, such as a panic with its stack or a crash with its dump, the
// record has the first, shortened if it is long. A second record, at level Debug, then has the
// whole text. errors.Is and errors.As look through the attribute err of either.
func SkipLog(l *slog.Logger) func(ctx context.Context, e *StageError) error {
	return func(ctx context.Context, e *StageError) error {
		to := l
		if to == nil {
			to = slog.Default()
		}
		about := []slog.Attr{
			slog.String("stage", e.Stage), slog.Int("worker", e.Worker), slog.String("value", loggedValue(e.Item)),
			slog.Int("attempts", e.Attempts),
		}
		whole := loggedError{e.Err, guard.Text(e.Err)}
		brief := loggedError{e.Err, firstParagraph(whole.text)}
		to.LogAttrs(ctx, slog.LevelWarn, "pl: a value failed and was dropped", append(about, slog.Any("err", brief))...)
		if brief.text != whole.text {
			to.LogAttrs(ctx, slog.LevelDebug, "pl: the whole error of a value that was dropped", append(about, slog.Any("err", whole))...)
		}
		return nil
	}
}

// loggedValue returns v as a record has it, in about 80 bytes at most. A text is as it is: the
// handler quotes it if it must.
func loggedValue(v any) string {
	const most = 80
	s, ok := v.(string)
	switch {
	case !ok:
		return shown(v)
	case len(s) > most:
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// loggedError is a user's error with another text, or the same, asked for once.
type loggedError struct {
	error
	text string
}

func (e loggedError) Error() string { return e.text }
func (e loggedError) Unwrap() error { return e.error }

// mostLogged bounds the text of an error in a record at level Warn, in bytes.
const mostLogged = 1000

// firstParagraph returns text up to its first blank line, and of that about mostLogged bytes. It
// says where the rest is, if there is any.
func firstParagraph(text string) string {
	first, _, _ := strings.Cut(text, "\n\n")
	if len(first) > mostLogged {
		first = strings.ToValidUTF8(first[:mostLogged], "")
	}
	if left := len(text) - len(first); left > 0 {
		first += fmt.Sprintf(" … (%d bytes more, at level Debug)", left)
	}
	return first
}
