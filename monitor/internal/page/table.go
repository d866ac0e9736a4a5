package page

import (
	"html/template"
	"strings"
)

// rows are the table's rows.
func rows(places []place) template.HTML {
	var b strings.Builder
	b.Grow(len(places) * usualRow)
	for i := range places {
		places[i].writeRow(&b)
	}
	return template.HTML(b.String())
}

const usualRow = 2500 // bytes

func (p *place) writeRow(b *strings.Builder) {
	label := esc(p.Label)
	write(b, `<tr `, p.attr)
	writeInt(b, ` tabindex="0" data-card="c`, p.index)
	b.WriteString(`"`)
	if p.flag != "" {
		b.WriteString(` class="marked"`)
	}
	if p.named {
		b.WriteString(` data-bottleneck=""`)
	}
	writeInt(b, `><th scope="row" class="text"><a href="#c`, p.index)
	write(b, `" tabindex="-1" title="`, label, `">`, label, `</a> <small>`, esc(p.Sub), `</small></th>`)
	writeCell(b, p.Rate)
	writeFigure(b, "in", "", digits(p.In))
	writeFigure(b, "out", "", digits(p.Out))
	writeFigure(b, "dropped", "", digits(p.Dropped))
	writeFigure(b, "failed", when(p.Failed > 0, "bad"), digits(p.Failed))
	queue := digits(uint64(max(p.Queued, 0)))
	if p.MaxSize > 0 {
		queue += "/" + digits(uint64(p.MaxSize))
	}
	writeFigure(b, "queue", when(p.pressed, "pressed"), queue)
	b.WriteString(`<td class="text">`)
	writeTimeBar(b, p.shares)
	b.WriteString(`</td><td class="text">`)
	writeStrip(b, p.columns)
	b.WriteString(`</td>`)
	writeCell(b, p.share(p.shares.working()))
	writeCell(b, p.share(p.shares.starved))
	writeCell(b, p.share(p.shares.blocked))
	writeCell(b, p.quantile(0.5))
	writeCell(b, p.quantile(0.99))
	writeCell(b, p.longest())
	b.WriteString("</tr>\n")
}

// writeCell writes a cell with a number.
func writeCell(b *strings.Builder, number string) { write(b, "<td>", number, "</td>") }

// writeFigure writes a cell that programs read.
func writeFigure(b *strings.Builder, name, class, content string) {
	write(b, `<td data-figure="`, name, `"`)
	if class != "" {
		write(b, ` class="`, class, `"`)
	}
	write(b, ">", content, "</td>")
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}
