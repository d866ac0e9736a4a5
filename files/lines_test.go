package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/internal/leak"
	"github.com/gopeln/pl/thread"
)

func TestLinesAreCutAtTheirEnds(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"\n", []string{""}},
		{"a", []string{"a"}},
		{"a\n", []string{"a"}},
		{"a\nb", []string{"a", "b"}},
		{"a\r\nb\r\n", []string{"a", "b"}},
		{"a\r\n\r\nb\r", []string{"a", "", "b"}},
		{"a\rb\r\r\n", []string{"a\rb\r"}},
		{"\n\n", []string{"", ""}},
		{"\r\n", []string{""}},
		{"\ufeff", nil},
		{"\ufeffa\n\ufeffb", []string{"a", "\ufeffb"}},
		{"\ufeff\ufeffa", []string{"\ufeffa"}},
		{"\ufeff\na", []string{"", "a"}},
		{"\xef\xbb", []string{"\xef\xbb"}},
		{"\xefx\n", []string{"\xefx"}},
		{"nul\x00\xff\n", []string{"nul\x00\xff"}},
	} {
		for _, open := range []files.Opener{of(c.text), pieces(c.text)} {
			got, err := files.Lines(open).Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, got, "%q", c.text)
		}
	}
}

func TestLinesMayBeOfAnyLength(t *testing.T) {
	var want []string
	for _, n := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 5, 1 << 20, 0, 10 << 20, 3} {
		want = append(want, strings.Repeat(string(rune('a'+len(want))), n))
	}
	for _, ending := range []string{"\n", "\r\n"} {
		for _, piece := range []int{0, 4093, 64<<10 - 1} {
			s := &text{content: strings.Join(want, ending), piece: piece}
			got, err := files.Lines(s.open).Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, len(want), len(got))
			for i := range want {
				require.True(t, want[i] == got[i], "line %d of %d bytes", i, len(want[i]))
			}
		}
	}
}

func TestMaxLineMakesALongerLineAnError(t *testing.T) {
	for _, open := range []func(string) files.Opener{of, pieces} {
		for _, ok := range []string{"12345\n12345\r\n12345", "\ufeff12345"} {
			got, err := files.Lines(open(ok), files.MaxLine(5)).Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, "12345", got[len(got)-1])
		}
		for _, long := range []string{"1\n2\n123456\n4", "1\n2\n123456", "1\n2\n123456\r\n", "1\n2\n12345\r\r\n", "1\n2\n" + strings.Repeat("x", 1<<20)} {
			got, err := files.Lines(open(long), files.MaxLine(5)).Collect(t.Context())
			require.Equal(t, []string{"1", "2"}, got)
			requirePlace(t, err, "some.txt", 3, 0)
			require.ErrorContains(t, err, "some.txt:3: the line is longer than MaxLine(5)")
		}
	}
}

func TestMaxLineBoundsWhatIsRead(t *testing.T) {
	endless := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(zeros{}), nil }
	_, err := files.Lines(endless, files.MaxLine(1000)).Collect(t.Context())
	require.ErrorContains(t, err, "line 1: the line is longer than MaxLine(1000)")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestALineIsOutAsSoonAsItsEndWasRead(t *testing.T) {
	s := newStuck()
	for line, err := range files.Lines(s.open).All(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, "1", line)
		break // the reader would wait for more
	}
	require.EqualValues(t, 1, s.closed.Load())
}

func TestAReadThatWaitsDoesNotHoldUpTheEnd(t *testing.T) {
	sources := map[string]func(files.Opener) pl.Runnable{
		"Lines": func(open files.Opener) pl.Runnable { return files.Lines(open) },
		"JSON":  func(open files.Opener) pl.Runnable { return files.JSON[int](open) },
		"CSV":   func(open files.Opener) pl.Runnable { return files.CSV(open) },
		"Lines, before a stage": func(open files.Opener) pl.Runnable {
			return thread.Map(pl.Lift(strings.ToUpper), pl.Workers(2))(files.Lines(open))
		},
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			held := leak.Hold()
			s := newStuck()
			ctx, cancel := context.WithCancelCause(t.Context())
			gone := errors.New("gone")
			go func() {
				<-s.waits
				cancel(gone)
			}()
			require.ErrorIs(t, pl.Run(ctx, source(s.open)), gone)
			require.EqualValues(t, 1, s.closed.Load())
			held.Check(t)
		})
	}
}

func TestAFailureElsewhereEndsARead(t *testing.T) {
	held := leak.Hold()
	s := newStuck()
	bad := errors.New("bad")
	failing := thread.Map(func(context.Context, string) (string, error) {
		<-s.waits
		return "", bad
	})
	require.ErrorIs(t, failing(files.Lines(s.open)).Run(t.Context()), bad)
	require.EqualValues(t, 1, s.closed.Load())
	held.Check(t)
}

func TestTheReaderIsClosedOnEveryWayOut(t *testing.T) {
	s := &text{content: strings.Repeat("1\n", 1000)}
	three := func(t *testing.T, stage pl.Stage[string], then func() bool) {
		n := 0
		for _, err := range stage.All(t.Context()) {
			require.NoError(t, err)
			if n++; n == 3 && !then() {
				break
			}
		}
	}
	lines := files.Lines(s.open)
	for name, run := range map[string]func(t *testing.T){
		"end":   func(t *testing.T) { require.NoError(t, lines.Run(t.Context())) },
		"break": func(t *testing.T) { three(t, lines, func() bool { return false }) },
		"panic": func(t *testing.T) {
			require.PanicsWithValue(t, "boo", func() { three(t, lines, func() bool { panic("boo") }) })
		},
		"Take": func(t *testing.T) { require.NoError(t, lines.Pipe(pl.Take[string](2)).Run(t.Context())) },
		"error downstream": func(t *testing.T) {
			require.Error(t, thread.Map(pl.Try(func(string) (int, error) { return 0, io.ErrNoProgress }))(lines).Run(t.Context()))
		},
		"cancel": func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			three(t, lines, func() bool { return true })
			for range lines.All(ctx) {
				cancel()
			}
		},
		"goexit": func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range lines.All(context.Background()) {
					runtime.Goexit()
				}
			}()
			<-done
		},
		"error of the text": func(t *testing.T) {
			broken := &text{content: "1\n2", failure: errors.New("disk on fire")}
			got, err := files.Lines(broken.open).Collect(t.Context())
			require.Equal(t, []string{"1"}, got)
			requirePlace(t, err, "some.txt", 2, 0)
			require.ErrorIs(t, err, broken.failure)
			broken.requireClosed(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			held := leak.Hold()
			run(t)
			held.Check(t)
		})
	}
	s.requireClosed(t)
}

func TestEachRunReadsFromTheBeginning(t *testing.T) {
	s := &text{content: "a\nb"}
	lines := files.Lines(s.open)
	require.Zero(t, s.opened.Load(), "building a stage opens nothing")
	for range 3 {
		got, err := lines.Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, got)
	}
	s.requireClosed(t)
}

func TestLinesAreTheReceiversOwn(t *testing.T) {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintln(&b, i)
	}
	got, err := pl.Ordered(thread.Map(pl.Lift(strings.Clone), pl.Workers(4))(files.Lines(of(b.String())))).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 50_000)
	for i, line := range got {
		require.Equal(t, fmt.Sprint(i), line)
	}
}

func TestHostileReadersAreErrors(t *testing.T) {
	for name, open := range map[string]files.Opener{
		"nothing":  func(context.Context) (io.ReadCloser, error) { return nil, nil },
		"no Open":  func(context.Context) (io.ReadCloser, error) { return nil, errors.New("no Open") },
		"panics":   func(context.Context) (io.ReadCloser, error) { panic("panics") },
		"too much": func(context.Context) (io.ReadCloser, error) { return hostile{1 << 30}, nil },
		"negative": func(context.Context) (io.ReadCloser, error) { return hostile{-1}, nil },
		"no bytes": func(context.Context) (io.ReadCloser, error) { return hostile{0}, nil },
		"lost": func(context.Context) (io.ReadCloser, error) {
			return (&text{content: "a\n", failure: fmt.Errorf("lost: %w", io.EOF)}).open(context.Background())
		},
		"Read panics":  func(context.Context) (io.ReadCloser, error) { return io.NopCloser(nil), nil },
		"Close fails":  func(context.Context) (io.ReadCloser, error) { return unclosable{strings.NewReader("a")}, nil },
		"Close panics": func(context.Context) (io.ReadCloser, error) { return struct{ io.ReadCloser }{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, files.Lines(open).Run(t.Context()))
			require.Error(t, files.JSON[any](open).Run(t.Context()))
			require.Error(t, files.CSV(open).Run(t.Context()))
		})
	}
}

type hostile struct{ n int }

func (h hostile) Read([]byte) (int, error) { return h.n, nil }
func (hostile) Close() error               { return nil }

type unclosable struct{ io.Reader }

func (unclosable) Close() error { return errors.New("not closed") }

func TestABadOptionFailsTheRunBeforeAnyValueMoves(t *testing.T) {
	s := &text{content: "a"}
	for want, stage := range map[string]pl.Runnable{
		`"files.Lines": MaxLine(0): must be at least 1`:                       files.Lines(s.open, files.MaxLine(0)),
		`MaxLine(-3): must be`:                                                files.Lines(s.open, files.MaxLine(-3)),
		`Header(): this source does not know the option; it knows MaxLine`:    files.Lines(s.open, files.Header()),
		`MaxLine(3): this source does not know the option; it knows none`:     files.JSON[int](s.open, files.MaxLine(3)),
		`MaxLine(4): this source does not know the option; it knows Comma, H`: files.CSV(s.open, files.MaxLine(4)),
		`Comma('\n'): must be`:                                                files.CSV(s.open, files.Comma('\n')),
		`Comma('"'): must be`:                                                 files.CSV(s.open, files.Comma('"')),
		`Comma('\x00'): must be`:                                              files.CSV(s.open, files.Comma(0)),
		`Comma('�'): must be`:                                                 files.CSV(s.open, files.Comma(-1)),
		`Option{} of no content`:                                              files.CSV(s.open, files.Option{}),
		`"files.JSON": the Opener is nil; files.Open makes one`:               files.JSON[int](nil),
		`"files.Lines": the Opener is nil`:                                    files.Lines(nil),
		`"files.CSV": the Opener is nil`:                                      files.CSV(nil),
	} {
		moved := false
		other := pl.FromFunc(func(context.Context, func(int) bool) error { moved = true; return nil })
		require.ErrorContains(t, pl.Run(t.Context(), other, stage), want)
		require.False(t, moved)
	}
	require.Zero(t, s.opened.Load())
}
