package journal_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/journal"
)

// requireWhole checks that a journal has the keys below n, and nothing else.
func requireWhole(t *testing.T, name string, n int) {
	t.Helper()
	var want strings.Builder
	want.WriteString(header)
	for i := range n {
		want.WriteString(line(i))
	}
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.True(t, want.String() == string(text), "a key is lost, or something is behind the last one")
}

func TestALongJournalIsWhole(t *testing.T) {
	const n = 20_000
	defer journal.SetMapSize(64 << 10)()
	for _, written := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "a.journal")
		for half := range 2 { // the second goes on in the file of the first
			j := open(t, name)
			if written {
				j.WriteEachKey()
			}
			left := journal.Skip(j, strconv.Itoa)(pl.Range((half + 1) * n / 2))
			require.NoError(t, journal.Done(j, strconv.Itoa)(left).Run(t.Context()))
			require.NoError(t, j.Close())
		}
		requireWhole(t, name, n)
		require.Empty(t, todo(t, open(t, name)))
	}
}

func TestKeysThatAPowerCutHasTakenAreNotDone(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	text := header + line(1) + zeros(33) + line(3)[:10] + zeros(23+33+20) + line(5)[20:] + line(6)
	name := temp(t, text+zeros(5000))
	j := open(t, name)
	require.Equal(t, []int{0, 2, 3, 4, 5, 7, 8, 9}, todo(t, j))
	require.NoError(t, journal.Done(j, strconv.Itoa)(pl.From(3, 7)).Run(t.Context()))
	require.NoError(t, j.Close())
	require.Equal(t, text+line(3)+line(7), content(t, name))
}

func TestAFileThatIsCutInUseIsAnError(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere a write makes the file longer again")
	}
	name := filepath.Join(t.TempDir(), "a.journal")
	j := open(t, name)
	done := journal.Done(j, strconv.Itoa)
	require.NoError(t, done(pl.From(1)).Run(t.Context()))
	require.NoError(t, os.Truncate(name, 0))
	err := done(pl.From(2)).Run(t.Context())
	require.ErrorContains(t, err, "the journal "+name+": write: the file was cut while it was in use")
	require.ErrorContains(t, done(pl.From(3)).Run(t.Context()), "was cut")
	require.ErrorContains(t, j.Close(), "was cut")
}

func TestKeysAreWrittenWhereTheFileCannotBeMappedAnyMore(t *testing.T) {
	const n = 5000
	defer journal.SetMapSize(64 << 10)()
	name := filepath.Join(t.TempDir(), "a.journal")
	j := open(t, name)
	for i, err := range journal.Done(j, strconv.Itoa)(pl.Range(n)).All(t.Context()) {
		require.NoError(t, err)
		if i == 100 { // as on a disk that is full, but for a few keys
			journal.SetMapSize(-1)
		}
	}
	require.NoError(t, j.Close())
	requireWhole(t, name, n)
}
