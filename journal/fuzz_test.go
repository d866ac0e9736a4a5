package journal_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/journal"
)

// FuzzOpen opens any file: it is a journal, which then works and stays one, or it is left as it is.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte(header + line(1) + line(2)))
	f.Add([]byte(header + line(1) + line(2)[:20]))
	f.Add([]byte(header + line(1) + "\x00\x00\n" + line(2)))
	f.Add([]byte("gopeln journal 1 \"x\"\n"))
	f.Add([]byte("a diary\n"))
	f.Add([]byte("0\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		name := filepath.Join(t.TempDir(), "a.journal")
		require.NoError(t, os.WriteFile(name, text, 0o600))
		j, err := journal.Open(name)
		if err != nil {
			require.ErrorContains(t, err, name)
			left, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, string(text), string(left))
			return
		}
		before := todo(t, j)
		require.NoError(t, journal.Done(j, strconv.Itoa)(pl.From(1, 5)).Run(t.Context()))
		require.NoError(t, j.Close())
		after := todo(t, open(t, name))
		require.NotContains(t, after, 1)
		require.NotContains(t, after, 5)
		require.Subset(t, before, after)
	})
}
