package page

import (
	"html"
	"strconv"
	"strings"
)

// What there is of each stage, in the graph, the table and the cards, is written without a template,
// and what there is most of without package fmt: a page of thirty stages is asked for each second.
// All texts go through esc.

// esc is a text as HTML.
func esc(text string) string { return html.EscapeString(text) }

// write writes pieces of markup, which are HTML already.
func write(b *strings.Builder, pieces ...string) {
	for _, p := range pieces {
		b.WriteString(p)
	}
}

// writeInt writes a whole number, between a piece of markup and what follows.
func writeInt(b *strings.Builder, before string, n int) {
	var digits [20]byte
	b.WriteString(before)
	b.Write(strconv.AppendInt(digits[:0], int64(n), 10))
}

// writeTenths writes a number of tenths, between a piece of markup and what follows.
func writeTenths(b *strings.Builder, before string, n int) {
	writeInt(b, before, n/10)
	if n%10 != 0 {
		b.WriteByte('.')
		b.WriteByte('0' + byte(n%10))
	}
}
