package files_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/files"
)

// FuzzLines compares Lines with bufio.Scanner, for any text and any size of the pieces that it
// comes in.
func FuzzLines(f *testing.F) {
	f.Add("a\r\nb\n\nc", 1, 3)
	f.Add("\ufeffa\n", 2, 0)
	f.Fuzz(func(t *testing.T, content string, piece, most int) {
		var want []string
		long := 0 // the first line that is too long
		s := bufio.NewScanner(strings.NewReader(strings.TrimPrefix(content, "\ufeff")))
		s.Buffer(nil, len(content)+2)
		for s.Scan() {
			if most > 0 && len(s.Text()) > most && long == 0 {
				long = len(want) + 1
			}
			want = append(want, s.Text())
		}
		source := &text{content: content, piece: max(piece, 0)}
		lines := files.Lines(source.open)
		if most > 0 {
			lines = files.Lines(source.open, files.MaxLine(most))
		}
		got, err := lines.Collect(t.Context())
		if long > 0 {
			want = want[:long-1]
			requirePlace(t, err, "some.txt", long, 0)
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
		source.requireClosed(t)
	})
}

// FuzzJSON checks that JSON agrees with encoding/json on the values, and that errors are in the
// text.
func FuzzJSON(f *testing.F) {
	f.Add("{\"a\":1}\n[2] 3", 1)
	f.Add("\ufeff\"x\n", 2)
	f.Add("1 2\n\n{]", 0)
	f.Fuzz(func(t *testing.T, content string, piece int) {
		rest := strings.TrimPrefix(content, "\ufeff")
		var want []any
		d := json.NewDecoder(strings.NewReader(rest))
		var failure error
		for {
			var v any
			if failure = d.Decode(&v); failure != nil {
				break
			}
			want = append(want, v)
		}
		got, err := files.JSON[any]((&text{content: content, piece: max(piece, 0)}).open).Collect(t.Context())
		require.Equal(t, want, got)
		if failure.Error() == "EOF" {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
		lines := bytes.Split([]byte(rest), []byte("\n"))
		at := errorPlace(t, err)
		require.LessOrEqual(t, at.Line, len(lines))
		require.LessOrEqual(t, at.Column, len(lines[at.Line-1])+1)
	})
}
