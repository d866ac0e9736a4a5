package page

import (
	"fmt"
	"html"
	"html/template"
	"strings"
)

// The rows of a table and the cards are written without a template: a page of thirty stages is
// asked for each second, and they are most of it. All texts of theirs go through esc.

// esc is a text as HTML.
func esc(text string) string { return html.EscapeString(text) }

// rows are the table's rows.
func rows(places []place) template.HTML {
	var b strings.Builder
	for i := range places {
		places[i].writeRow(&b)
	}
	return template.HTML(b.String())
}

func (p *place) writeRow(b *strings.Builder) {
	label := esc(p.Label)
	fmt.Fprintf(b, `<tr %s tabindex="0" data-card="c%d"`, p.attr, p.index)
	if p.flag != "" {
		b.WriteString(` class="marked"`)
	}
	if p.named {
		b.WriteString(` data-bottleneck=""`)
	}
	fmt.Fprintf(b, `><th scope="row" class="text"><a href="#c%d" tabindex="-1" title="%s">%s</a> <small>%s</small></th>`,
		p.index, label, label, esc(p.Sub))
	writeCell(b, "", p.Rate)
	writeFigure(b, "in", "", digits(p.In))
	writeFigure(b, "out", "", digits(p.Out))
	writeFigure(b, "dropped", "", digits(p.Dropped))
	writeFigure(b, "failed", when(p.Failed > 0, "bad"), digits(p.Failed))
	queue := digits(uint64(max(p.Queued, 0)))
	if p.MaxSize > 0 {
		queue += "/" + digits(uint64(p.MaxSize))
	}
	writeFigure(b, "queue", when(p.pressed, "pressed"), queue)
	writeCell(b, "text", timeBar(p.shares))
	writeCell(b, "text", strip(p.columns))
	writeCell(b, "", p.share(p.shares.working()))
	writeCell(b, "", p.share(p.shares.starved))
	writeCell(b, "", p.share(p.shares.blocked))
	writeCell(b, "", p.quantile(0.5))
	writeCell(b, "", p.quantile(0.99))
	writeCell(b, "", p.longest())
	b.WriteString("</tr>\n")
}

// writeCell writes a cell, with what is HTML already, as numbers are.
func writeCell[T string | template.HTML](b *strings.Builder, class string, content T) {
	b.WriteString("<td")
	if class != "" {
		b.WriteString(` class="` + class + `"`)
	}
	b.WriteString(">" + string(content) + "</td>")
}

// writeFigure writes a cell that programs read.
func writeFigure(b *strings.Builder, name, class, content string) {
	b.WriteString(`<td data-figure="` + name + `"`)
	if class != "" {
		b.WriteString(` class="` + class + `"`)
	}
	b.WriteString(">" + content + "</td>")
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}
