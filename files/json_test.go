package files_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/files"
)

type point struct{ X, Y int }

func TestJSONValuesStandOneAfterAnother(t *testing.T) {
	for _, c := range []string{
		"{\"X\":1}\n{\"X\":2}\n", "{\"X\":1}\r\n{\"X\":2}", "\ufeff{\"X\":1}{\"X\":2}",
		"\n\n {\n\"X\"\n:1}\t{\"X\":2,\"Z\":[1,\"}\"]}  \n\n",
	} {
		for _, open := range []files.Opener{of(c), pieces(c)} {
			got, err := files.JSON[point](open).Collect(t.Context())
			require.NoError(t, err, "%q", c)
			require.Equal(t, []point{{X: 1}, {X: 2}}, got, "%q", c)
		}
	}
	got, err := files.JSON[any](of(`1 "two" [3] null true`)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{1.0, "two", []any{3.0}, nil, true}, got)
	for _, empty := range []string{"", " \n", "\ufeff"} {
		got, err := files.JSON[any](of(empty)).Collect(t.Context())
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

func TestJSONValuesShareNothing(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "{\"n\": [%d], \"pad\": %q}\n", i, strings.Repeat("x", i))
	}
	raw, err := files.JSON[json.RawMessage](of(b.String())).Collect(t.Context())
	require.NoError(t, err)
	maps, err := files.JSON[map[string]any](of(b.String())).Collect(t.Context())
	require.NoError(t, err)
	for i := range 2000 {
		require.True(t, strings.HasPrefix(string(raw[i]), fmt.Sprintf("{\"n\": [%d]", i)))
		require.Equal(t, []any{float64(i)}, maps[i]["n"])
	}
}

func TestMalformedJSONIsAnErrorWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int
		about        string
	}{
		{`{"X":1}` + "\n" + `{"X":oops}`, 2, 6, "invalid character 'o'"},
		{`{"X":1}` + "\r\n\r\n" + `  {"X":1,}` + "\n", 3, 10, "invalid character '}'"},
		{`{"X":1}` + "\n}\n", 2, 1, "invalid character '}'"},
		{`{"X":1},{"X":2}`, 1, 8, "invalid character ','"},
		{`{"X":1}` + "\n\n" + `  {"X":"one"}`, 3, 12, "cannot unmarshal string"},
		{`{"X":1}` + "\n {\n\n" + ` "Y":[]}`, 4, 6, "cannot unmarshal array"},
		{`{"X":1}` + "\n  [1,2]", 2, 3, "cannot unmarshal array"},
		{`{"X":1}` + "\n" + `{"Y":7` + "\n", 2, 1, "has no end"},
		{`{"X":1}` + "\n" + `{"Y":"7}` + "\n" + `{"X":1}`, 2, 9, `'\n' in string`},
		{`{"X":1}` + "\n" + `{"Y":7` + "\n" + `{"X":1}`, 3, 1, "invalid character '{'"},
		{`{"X":1}` + "\nnul", 2, 1, "has no end"},
		{"{\"X\":1}\n\x00", 2, 1, "invalid character"},
		{"\ufeff{\"X\":1}\n]", 2, 1, "invalid character ']'"},
	} {
		for _, open := range []files.Opener{of(c.text), pieces(c.text)} {
			got, err := files.JSON[point](open).Collect(t.Context())
			at := requirePlace(t, err, "some.txt", c.line, c.column)
			require.ErrorContains(t, at.Err, c.about)
			require.Equal(t, []point{{X: 1}}, got, "what came before is yielded")
		}
	}
	_, err := files.JSON[point](of(`{"X":oops}`)).Collect(t.Context())
	require.ErrorContains(t, err, `pl: stage "files.JSON", worker 0: some.txt:1:6: invalid character 'o'`)
	_, ok := errors.AsType[*json.SyntaxError](err)
	require.True(t, ok)
}

func TestAnErrorDeepInALongTextHasItsPlace(t *testing.T) {
	for _, n := range []int{10, 5000} {
		content := strings.Repeat(`{"X":1,"Y":22222}`+"\n", n) + "   {,"
		got, err := files.JSON[point](of(content)).Collect(t.Context())
		require.Len(t, got, n)
		requirePlace(t, err, "some.txt", n+1, 5)
	}
}

func TestATextThatBreaksOffIsAnErrorOfJSON(t *testing.T) {
	for _, rest := range []string{"", "\n{\"X\":", "\n\n"} {
		s := &text{content: "{\"X\":1}" + rest, failure: io.ErrUnexpectedEOF}
		got, err := files.JSON[point](s.open).Collect(t.Context())
		require.Equal(t, []point{{X: 1}}, got)
		requirePlace(t, err, "some.txt", 1+strings.Count(rest, "\n"), len(rest[strings.LastIndex(rest, "\n")+1:])+map[bool]int{true: 8, false: 1}[rest == ""])
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		s.requireClosed(t)
	}
}

// picky decodes itself, badly.
type picky struct{}

func (*picky) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "1":
		return nil
	case "2":
		return io.EOF
	default:
		panic("picky")
	}
}

func TestADecoderOfTheUsersOwnMayFail(t *testing.T) {
	got, err := files.JSON[picky](of("1\n1 2\n1")).Collect(t.Context())
	require.Len(t, got, 2)
	requirePlace(t, err, "some.txt", 2, 3)

	s := &text{content: "1 3"}
	_, err = files.JSON[picky](s.open).Collect(t.Context())
	require.ErrorContains(t, err, "panic: picky")
	s.requireClosed(t)

	_, err = files.JSON[chan int](of("1")).Collect(t.Context())
	require.ErrorContains(t, err, "some.txt:1:1: ")
}
