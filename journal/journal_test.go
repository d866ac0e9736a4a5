package journal_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/leak"
	"github.com/gopeln/pl/journal"
	"github.com/gopeln/pl/thread"
)

func open(t *testing.T, name string, opts ...journal.Option) *journal.Journal {
	t.Helper()
	j, err := journal.Open(name, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { j.Close() })
	return j
}

// line is that of a key in the file.
func line(key int) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(key)))
	return fmt.Sprintf("%x\n", sum[:16])
}

const header = "gopeln journal 1 \"\"\n"

// todo is what a journal does not skip of the numbers below 10.
func todo(t *testing.T, j *journal.Journal) []int {
	t.Helper()
	left, err := journal.Skip(j, strconv.Itoa)(pl.Range(10)).Collect(t.Context())
	require.NoError(t, err)
	return left
}

// content is that of a file, but for the room that a journal in use makes for keys.
func content(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return strings.TrimRight(string(text), "\x00")
}

func temp(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.journal")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func TestARunGoesOnWhereTheOneBeforeEnded(t *testing.T) {
	held := leak.Hold()
	name := filepath.Join(t.TempDir(), "a.journal")
	j := open(t, name)
	work := pl.Compose3(journal.Skip(j, strconv.Itoa), thread.Map(pl.Lift(func(i int) int { return i }), pl.Workers(3)),
		journal.Done(j, strconv.Itoa))
	var first []int
	for i, err := range work(pl.Range(10)).All(t.Context()) {
		require.NoError(t, err)
		if len(first) == 4 {
			break // at the fifth, which is not done
		}
		first = append(first, i)
	}
	require.Len(t, todo(t, j), 6)
	require.NoError(t, j.Close())

	again := open(t, name)
	left := todo(t, again)
	require.Len(t, left, 6)
	require.ElementsMatch(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, append(left, first...))
	require.NoError(t, journal.Done(again, strconv.Itoa)(pl.Range(10)).Run(t.Context()))
	require.Empty(t, todo(t, again))
	require.NoError(t, again.Close())
	require.Len(t, strings.Split(content(t, name), "\n"), 12, "a key is written once")
	held.Check(t)
}

func TestAKeyIsInTheFileOnceTheConsumerHasAskedForTheNextValue(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.journal")
	j := open(t, name)
	want := header
	require.Equal(t, want, content(t, name))
	for i, err := range journal.Done(j, strconv.Itoa)(pl.Range(5)).All(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, want, content(t, name), "the value in hand is not done, those before it are")
		want += line(i)
	}
	require.Equal(t, want, content(t, name))
}

func TestWhatWasNotConsumedIsNotDone(t *testing.T) {
	bad := errors.New("bad")
	failing := thread.Map(func(_ context.Context, i int) (int, error) {
		if i == 3 {
			return 0, bad
		}
		return i, nil
	})
	for name, run := range map[string]func(t *testing.T, done pl.Partial[int, int]) (doneAtMost int){
		"break": func(t *testing.T, done pl.Partial[int, int]) int {
			for range done(pl.Range(10)).All(t.Context()) {
				break
			}
			return 0
		},
		"panic": func(t *testing.T, done pl.Partial[int, int]) int {
			require.Panics(t, func() {
				for i := range done(pl.Range(10)).All(t.Context()) {
					if i == 2 {
						panic("boo")
					}
				}
			})
			return 2
		},
		"error": func(t *testing.T, done pl.Partial[int, int]) int {
			_, err := done(failing(pl.Range(10))).Collect(t.Context())
			require.ErrorIs(t, err, bad)
			return 3
		},
		"dropped": func(t *testing.T, done pl.Partial[int, int]) int {
			got, err := done(failing(pl.Range(10)).With(pl.OnError(pl.Skip))).Collect(t.Context())
			require.NoError(t, err)
			require.Len(t, got, 9)
			return 9
		},
		"Take": func(t *testing.T, done pl.Partial[int, int]) int {
			require.NoError(t, pl.Pipe2(pl.Range(10), done, pl.Take[int](4)).Run(t.Context()))
			return 4
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.journal")
			j := open(t, file)
			most := run(t, journal.Done(j, strconv.Itoa))
			require.LessOrEqual(t, strings.Count(content(t, file), "\n")-1, most)
			if name == "dropped" {
				require.Equal(t, []int{3}, todo(t, j), "failed is not done")
			}
		})
	}
}

func TestATornLastLineIsIgnored(t *testing.T) {
	for _, torn := range []string{
		line(3)[:1], line(3)[:31], line(3)[:32], "\x00", strings.Repeat("\x00", 5000), "short\n", strings.Repeat("x", 100),
	} {
		name := temp(t, header+line(1)+line(2)+torn)
		j := open(t, name)
		require.Equal(t, []int{0, 3, 4, 5, 6, 7, 8, 9}, todo(t, j), "%q", torn)
		require.NoError(t, journal.Done(j, strconv.Itoa)(pl.From(3)).Run(t.Context()))
		require.NoError(t, j.Close())
		require.Equal(t, header+line(1)+line(2)+line(3), content(t, name))
	}
}

func TestAnEmptyFileIsANewJournal(t *testing.T) {
	for _, begun := range []string{"", "g", header[:len(header)-1]} {
		name := temp(t, begun)
		require.Len(t, todo(t, open(t, name)), 10)
		require.Equal(t, header, content(t, name))
	}
}

func TestAFileThatIsNoJournalIsLeftAlone(t *testing.T) {
	for text, want := range map[string]string{
		"precious data\n":                "is no journal: it begins with \"precious data",
		"precious data":                  "is no journal",
		"gopeln journal 2 \"\"\n":        "is no journal",
		"gopeln journal 1 x\n":           "is no journal",
		strings.Repeat("x", 3<<20):       "is no journal",
		header + "x" + line(1) + line(2): ":2: the line is no key",
		header + line(1) + strings.ToUpper("g"+line(2)[1:]) + line(2): ":3: the line is no key",
		header + line(1) + "\n" + line(2):                             ":3: the line is no key",
	} {
		name := temp(t, text)
		_, err := journal.Open(name)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, name)
		require.Equal(t, text, content(t, name))
	}
}

func TestAJournalThatCannotBeOpenedIsNamed(t *testing.T) {
	held := leak.Hold()
	folder := t.TempDir()
	for _, name := range []string{folder, filepath.Join(folder, "no", "where"), os.DevNull, ""} {
		_, err := journal.Open(name)
		require.ErrorContains(t, err, "journal: ")
		require.ErrorContains(t, err, name)
	}
	_, err := journal.Open(filepath.Join(folder, "x"), journal.Option{})
	require.Error(t, err)
	require.NoFileExists(t, filepath.Join(folder, "x"))
	held.Check(t)
}

func TestAJournalOfAnotherVersionIsAnError(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.journal")
	version := "model \"7\"\nwith care"
	require.NoError(t, open(t, name, journal.Version("old"), journal.Version(version)).Close())
	require.NoError(t, open(t, name, journal.Version(version)).Close())
	for _, opts := range [][]journal.Option{nil, {journal.Version("8")}} {
		_, err := journal.Open(name, opts...)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, strconv.Quote(version))
	}
}

func TestAJournalInUseIsAnError(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.journal")
	j := open(t, name)
	_, err := journal.Open(name)
	require.ErrorContains(t, err, name+" is in use")

	other := exec.Command(os.Args[0], "-test.run", "^$")
	other.Env = append(os.Environ(), "JOURNAL_TEST_OPEN="+name)
	text, err := other.CombinedOutput()
	require.NoError(t, err, "%s", text)
	require.Contains(t, string(text), name+" is in use")

	require.NoError(t, j.Close())
	require.NoError(t, open(t, name).Close())
}

func TestAfterCloseStagesFail(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "a.journal"))
	done := journal.Done(j, strconv.Itoa)
	got := 0
	for _, err := range done(pl.Range(10)).All(t.Context()) {
		if err != nil {
			require.ErrorContains(t, err, "a.journal is closed")
			break
		}
		got++
		require.NoError(t, j.Close())
	}
	require.Equal(t, 1, got)
	moved := false
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error { moved = yield(1); return nil })
	require.ErrorContains(t, done(source).Run(t.Context()), "a.journal is closed")
	require.ErrorContains(t, journal.Skip(j, strconv.Itoa)(source).Run(t.Context()), "a.journal is closed")
	require.False(t, moved)
	require.NoError(t, j.Close())
}

func TestNilIsAnError(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "a.journal"))
	var none *journal.Journal
	require.ErrorContains(t, journal.Done(none, strconv.Itoa)(pl.Range(1)).Run(t.Context()), `"journal.Done": the journal is nil`)
	require.ErrorContains(t, journal.Skip(none, strconv.Itoa)(pl.Range(1)).Run(t.Context()), `"journal.Skip": the journal is nil`)
	require.ErrorContains(t, journal.Done[int](j, nil)(pl.Range(1)).Run(t.Context()), "the function is nil")
	require.ErrorContains(t, journal.Skip[int](j, nil)(pl.Range(1)).Run(t.Context()), "the function is nil")
	require.Error(t, journal.Skip[int](none, nil)(pl.Range(1)).Run(t.Context()))
	require.Error(t, none.Close())
}

func TestAKeyFunctionThatPanicsFailsItsValueBeforeItIsHandedOn(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "a.journal"))
	picky := func(i int) string {
		if i == 1 {
			panic("picky")
		}
		return strconv.Itoa(i)
	}
	for _, p := range []pl.Partial[int, int]{journal.Skip(j, picky), journal.Done(j, picky)} {
		require.ErrorContains(t, p(pl.Range(3)).Run(t.Context()), "panic: picky")
		var lost []any
		got, err := p(pl.Range(10)).With(pl.OnError(func(_ context.Context, e *pl.StageError) error {
			lost = append(lost, e.Item)
			return nil
		})).Collect(t.Context())
		require.NoError(t, err)
		require.NotContains(t, got, 1)
		require.Equal(t, []any{1}, lost)
	}
	require.Equal(t, []int{1}, todo(t, j))
}

func TestManyStagesMayShareAJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.journal")
	j := open(t, name)
	var stages []pl.Runnable
	for i := range 4 {
		from := pl.Range(3000 + i)
		stages = append(stages, pl.Pipe2(from, journal.Skip(j, strconv.Itoa), journal.Done(j, strconv.Itoa)))
	}
	require.NoError(t, pl.Run(t.Context(), stages...))
	require.NoError(t, j.Close())
	seen := map[string]bool{}
	for _, l := range strings.Split(content(t, name), "\n")[1:] {
		require.False(t, seen[l], "a key is written once")
		seen[l] = true
	}
	require.Len(t, seen, 3003+1)
}

func TestTheFileIsSyncedWithinASecond(t *testing.T) {
	held := leak.Hold()
	name := filepath.Join(t.TempDir(), "a.journal")
	synctest.Test(t, func(t *testing.T) {
		j, err := journal.Open(name)
		require.NoError(t, err)
		for range journal.Done(j, strconv.Itoa)(pl.Range(5)).All(t.Context()) {
			time.Sleep(700 * time.Millisecond)
		}
		require.NoError(t, j.Close())
	})
	held.Check(t)
}
