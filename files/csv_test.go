package files_test

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/files"
)

func TestCSVYieldsRecords(t *testing.T) {
	for _, c := range []struct {
		text string
		opts []files.Option
		want [][]string
	}{
		{"a,b\n1,2\n", nil, [][]string{{"a", "b"}, {"1", "2"}}},
		{"a,b\r\n1,2", nil, [][]string{{"a", "b"}, {"1", "2"}}},
		{"\ufeffa,b\n\n1,2,3\n4\n", nil, [][]string{{"a", "b"}, {"1", "2", "3"}, {"4"}}},
		{"\ufeff\"a\",b\n", nil, [][]string{{"a", "b"}}},
		{"a,b\n1,2\n3,4\n", []files.Option{files.Header()}, [][]string{{"1", "2"}, {"3", "4"}}},
		{"a;b\n1,5;\"2\"\"\n\"\n", []files.Option{files.Header(), files.Comma(';')}, [][]string{{"1,5", "2\"\n"}}},
		{"a\t b", []files.Option{files.Comma(';'), files.Comma('\t')}, [][]string{{"a", " b"}}},
		{"ä→ö", []files.Option{files.Comma('→')}, [][]string{{"ä", "ö"}}},
		{"a,b\n", []files.Option{files.Header()}, nil},
		{"", []files.Option{files.Header()}, nil},
		{"", nil, nil},
	} {
		for _, open := range []files.Opener{of(c.text), pieces(c.text)} {
			got, err := files.CSV(open, c.opts...).Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, got, "%q", c.text)
		}
	}
}

func TestMalformedCSVIsAnErrorWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		text         string
		opts         []files.Option
		records      int
		line, column int
		about        string
	}{
		{"a,b\nc,d\"\n", nil, 1, 2, 4, `bare "`},
		{"a,b\nc,\"d\n\ne\n", nil, 1, 5, 0, "in the record that begins in line 2"},
		{"a,b\n\"c\"x,d\n", nil, 1, 2, 3, "quoted-field"},
		{"a,b\n1,2\n\n3\n", []files.Option{files.Header()}, 1, 4, 1, "the record has 1, the header has 2"},
		{"a,b\n1,2,3\n", []files.Option{files.Header()}, 0, 2, 1, "the record has 3, the header has 2"},
	} {
		got, err := files.CSV(of(c.text), c.opts...).Collect(t.Context())
		at := errorPlace(t, err)
		if c.column == 0 {
			c.line, c.column = at.Line, at.Column // the end of the text, as encoding/csv counts it
		}
		requirePlace(t, err, "some.txt", c.line, c.column)
		require.ErrorContains(t, err, c.about)
		require.Len(t, got, c.records)
		_, ok := errors.AsType[*csv.ParseError](err)
		require.True(t, ok)
	}
	_, err := files.CSV(of("a,b\n1\n"), files.Header()).Collect(t.Context())
	require.ErrorIs(t, err, csv.ErrFieldCount)
}

func TestATextThatBreaksOffIsAnErrorOfCSV(t *testing.T) {
	s := &text{content: "a,b\n" + strings.Repeat("1,2\n", 9999) + "\"3", failure: io.ErrUnexpectedEOF}
	got, err := files.CSV(s.open).Collect(t.Context())
	require.Len(t, got, 10_000)
	requirePlace(t, err, "some.txt", 10_001, 0)
	s.requireClosed(t)
}

func TestCSVRecordsAreTheReceiversOwn(t *testing.T) {
	got, err := files.CSV(of("a,b\nc,d\n")).Collect(t.Context())
	require.NoError(t, err)
	got[1][0] = "x"
	require.Equal(t, [][]string{{"a", "b"}, {"x", "d"}}, got)
}
