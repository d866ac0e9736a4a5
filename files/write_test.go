package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/thread"
)

// writes is a writer that keeps each Write, and fails after some.
type writes struct {
	all   []string
	after int // writes that succeed
	fail  func(p []byte) (int, error)
}

func (w *writes) Write(p []byte) (int, error) {
	if w.fail != nil && len(w.all) == w.after {
		return w.fail(p)
	}
	w.all = append(w.all, string(p))
	return len(p), nil
}

func TestWriteLinesWritesEachValueAsALine(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, files.WriteLines(&b)(pl.From("a", "", "b\r", "ä")).Run(t.Context()))
	require.Equal(t, "a\n\nb\r\nä\n", b.String())
	b.Reset()
	require.NoError(t, files.WriteLines(&b)(pl.From[string]()).Run(t.Context()))
	require.Empty(t, b.String())
}

func TestWriteJSONWritesEachValueAsALine(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, files.WriteJSON[any](&b)(pl.From[any](point{1, 2}, "<&>\n", nil, []int{1})).Run(t.Context()))
	require.Equal(t, "{\"X\":1,\"Y\":2}\n\"<&>\\n\"\nnull\n[1]\n", b.String())
	got, err := files.JSON[any](of(b.String())).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 4)
}

func TestWritersGetWholeLinesInBlocks(t *testing.T) {
	w := &writes{}
	line := strings.Repeat("x", 99)
	require.NoError(t, files.WriteLines(w)(pl.FromSlice(slices.Repeat([]string{line}, 10_000))).Run(t.Context()))
	require.InDelta(t, 10_000*100/(64<<10), len(w.all), 2)
	for _, block := range w.all {
		require.True(t, strings.HasSuffix(block, "\n"))
	}
	require.Equal(t, strings.Repeat(line+"\n", 10_000), strings.Join(w.all, ""))
}

func TestWhatWasHandedOnIsWrittenWhenTheRunEndsEarly(t *testing.T) {
	bad := errors.New("bad")
	three := func(end error) pl.Stage[string] {
		return pl.FromFunc(func(_ context.Context, yield func(string) bool) error {
			_ = yield("1") && yield("2") && yield("3")
			if end == nil {
				panic("boo")
			}
			return end
		})
	}
	for name, stage := range map[string]pl.Stage[string]{"error": three(bad), "panic": three(nil)} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.Error(t, files.WriteLines(&b)(stage).Run(t.Context()))
			require.Equal(t, "1\n2\n3\n", b.String())
		})
	}
	t.Run("cancel", func(t *testing.T) {
		var b bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		stage := pl.FromFunc(func(ctx context.Context, yield func(string) bool) error {
			yield("1")
			cancel()
			<-ctx.Done()
			return nil
		})
		require.ErrorIs(t, files.WriteLines(&b)(stage).Run(ctx), context.Canceled)
		require.Equal(t, "1\n", b.String())
	})
}

func TestAValueThatCannotBeWrittenFailsAlone(t *testing.T) {
	var b bytes.Buffer
	var lost []any
	note := pl.OnError(func(_ context.Context, e *pl.StageError) error {
		lost = append(lost, e.Item)
		return nil
	})
	require.NoError(t, files.WriteJSON[float64](&b)(pl.From(1, math.Inf(1), 2)).With(note).Run(t.Context()))
	require.Equal(t, "1\n2\n", b.String())
	require.Equal(t, []any{math.Inf(1)}, lost)

	b.Reset()
	lost = nil
	require.NoError(t, files.WriteLines(&b)(pl.From("a", "b\nc", "d")).With(note).Run(t.Context()))
	require.Equal(t, "a\nd\n", b.String())
	require.Equal(t, []any{"b\nc"}, lost)

	err := files.WriteLines(&b)(pl.From("b\nc")).Run(t.Context())
	require.ErrorContains(t, err, `stage "files.WriteLines", worker 0, value "b\nc": the value has the end of a line in it`)
	require.Error(t, files.WriteJSON[any](&b)(pl.From[any](make(chan int))).Run(t.Context()))
	require.Error(t, files.WriteJSON[rude](&b)(pl.From(rude{})).Run(t.Context()))
}

type rude struct{}

func (rude) MarshalJSON() ([]byte, error) { panic("rude") }

func TestAWriterThatFailsFailsTheRunWhateverOnErrorSays(t *testing.T) {
	full := errors.New("disk full")
	for name, fail := range map[string]func([]byte) (int, error){
		"error": func([]byte) (int, error) { return 0, full },
		"short": func(p []byte) (int, error) { return len(p) - 1, nil },
		"panic": func([]byte) (int, error) { panic(full) },
		"lie":   func(p []byte) (int, error) { return len(p) + 1, nil },
	} {
		for _, n := range []int{10, 1311, 100_000} { // one write at the end, just one before it, many
			for _, after := range []int{0, 1} {
				w := &writes{after: after, fail: fail}
				stage := files.WriteLines(w)(pl.FromSlice(slices.Repeat([]string{strings.Repeat("x", 49)}, n)))
				err := stage.With(pl.OnError(pl.Skip), pl.Retry(3, nil)).Run(t.Context())
				if n == 10 && after == 1 || n == 1311 && after == 1 {
					require.NoError(t, err, name)
					continue
				}
				require.Error(t, err, "%s %d %d", name, n, after)
				require.ErrorContains(t, err, `"files.WriteLines"`)
				require.Len(t, w.all, after, "nothing is written behind a gap")
				if name == "error" {
					require.ErrorIs(t, err, full)
					require.Equal(t, 1, strings.Count(err.Error(), full.Error()), "it is reported once: %v", err)
				}
			}
		}
	}
}

func TestANilWriterFailsTheRunBeforeAnyValueMoves(t *testing.T) {
	s := &text{content: "a"}
	require.ErrorContains(t, files.WriteLines(nil)(files.Lines(s.open)).Run(t.Context()), `"files.WriteLines": the writer is nil`)
	require.ErrorContains(t, files.WriteJSON[string](nil)(files.Lines(s.open)).Run(t.Context()), `"files.WriteJSON": the writer is nil`)
	require.Zero(t, s.opened.Load())
	require.Error(t, files.WriteLines((*os.File)(nil))(pl.From("a")).Run(t.Context()))
	require.Error(t, files.WriteLines((*bytes.Buffer)(nil))(pl.From("a")).Run(t.Context()))
}

func TestBranchesOfOneRunMayShareAWriter(t *testing.T) {
	var b locked
	w := files.WriteLines(&b)
	numbers := thread.Map(pl.Lift(func(i int) string { return strings.Repeat("x", i%50) + "." }), pl.Workers(2))(pl.Range(20_000))
	require.NoError(t, pl.Run(t.Context(), w(numbers), w(numbers)))
	lines, err := files.Lines(of(b.String())).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, lines, 40_000)
	for _, line := range lines {
		require.Equal(t, strings.Repeat("x", len(line)-1)+".", line, "no line is torn")
	}
}

type locked struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func TestALineThatIsVeryLongIsWritten(t *testing.T) {
	w := &writes{}
	long := strings.Repeat("x", 5<<20)
	require.NoError(t, files.WriteLines(w)(pl.From("a", long, "b", long)).Run(t.Context()))
	require.Equal(t, "a\n"+long+"\nb\n"+long+"\n", strings.Join(w.all, ""))
	require.NoError(t, files.WriteJSON[string](io.Discard)(pl.From("a", long, "b")).Run(t.Context()))
}
