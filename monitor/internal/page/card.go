package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// cards are what a page shows of each stage beyond its row in the table.
func cards(places []place) template.HTML {
	var b strings.Builder
	b.Grow(len(places) * usualCard)
	for i := range places {
		places[i].writeCard(&b)
	}
	return template.HTML(b.String())
}

const usualCard = 2500 // bytes

func (p *place) writeCard(b *strings.Builder) {
	write(b, `<details `, p.attr)
	writeInt(b, ` id="c`, p.index)
	write(b, `"`, when(p.named, " open"), when(p.flag != "", ` class="marked"`), `><summary><b>`, esc(p.Label), `</b> <small>`, esc(p.Sub),
		"</small></summary>\n")
	if p.Err != "" {
		fmt.Fprintf(b, `<p class="error">%s</p>`, esc(printable(p.Err, 300)))
	}
	if p.Waiting != "" {
		fmt.Fprintf(b, `<p>waits for %s</p>`, esc(printable(p.Waiting, 300)))
	}
	if len(p.Active) > 0 {
		b.WriteString(`<div class="workers">`)
		writeCells(b, p.StageStats)
		write(b, `</div><p class="soft">`, esc(p.doing()), `</p>`)
		a := p.Active[0]
		writeInt(b, `<p class="soft">worker `, a.Worker)
		write(b, ": ", esc(a.State), " for ", brief(a.For), "</p>")
	}
	b.WriteString(`<p class="facts">`)
	for _, f := range append(p.times(), p.counts()...) {
		write(b, `<span class="fact"><b>`, f.Value, `</b> `, f.Unit, `</span> `)
	}
	b.WriteString("</p>\n")
	p.writeMachines(b)
	p.writeCalls(b)
	b.WriteString("</details>\n")
}

// times are what the workers' time went to.
func (p *place) times() (facts []fact) {
	for _, t := range []struct {
		d    time.Duration
		name string
	}{
		{p.Busy, "busy"}, {p.Awaiting, "awaiting"}, {p.Starved, "starved"}, {p.Blocked, "blocked"}, {p.Limited, "limited"},
		{p.Retrying, "waiting to retry"},
	} {
		if t.d > 0 {
			facts = append(facts, fact{brief(t.d), t.name})
		}
	}
	return facts
}

// counts are those that the table has not.
func (p *place) counts() (facts []fact) {
	var remote pl.Remote
	if p.Remote != nil {
		remote = *p.Remote
	}
	for _, c := range []struct {
		n    uint64
		name string
	}{
		{p.Filtered, "filtered"}, {p.Retried, "retried"}, {uint64(max(p.QueuedMost, 0)), "at most in its queue"},
		{remote.Redelivered, "redelivered"}, {remote.Resubmitted, "resubmitted"}, {remote.Duplicates, "duplicates dropped"},
	} {
		if c.n > 0 {
			facts = append(facts, fact{grouped(c.n), c.name})
		}
	}
	return facts
}

// doing is what the workers do, in words.
func (p *place) doing() string {
	n := map[string]int{}
	for _, a := range p.Active {
		n[a.State]++
	}
	var parts []string
	for _, state := range workerStates {
		if n[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[state], state))
		}
	}
	if more := p.Workers - mostCells; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

// workerStates are those of pl.Activity.
var workerStates = []string{"busy", "awaiting", "starved", "blocked", "limited", "retrying"}

// writeCalls writes how long calls of the function take, and which took longest.
func (p *place) writeCalls(b *strings.Builder) {
	if h := p.Calls; h.Count() > 0 {
		first, last, _ := bounds(h)
		calls := counted(h.Count(), "call")
		b.WriteString(`<figure>`)
		writeHistogram(b, h)
		write(b, `<figcaption><span>`, brief(bound(first)), `</span><span>`, calls.Value, ` `, calls.Unit, `, mean `, brief(h.Mean()),
			`</span><span>`, brief(bound(last+1)), "</span></figcaption></figure>\n")
	}
	if len(p.Slowest) == 0 {
		return
	}
	b.WriteString(`<table class="slow"><thead><tr><th scope="col">slowest</th><th scope="col">value</th><th scope="col">worker</th>` +
		`<th scope="col" class="text"></th></tr></thead><tbody>`)
	for _, c := range p.Slowest {
		write(b, `<tr><td>`, brief(c.Took), `</td><td>`)
		if c.Index >= 0 {
			writeInt(b, "#", c.Index)
		} else {
			b.WriteString("–")
		}
		writeInt(b, `</td><td>`, c.Worker)
		write(b, `</td><td class="text shown">`, esc(printable(c.Value, 80)), `</td></tr>`)
	}
	b.WriteString("</tbody></table>\n")
}
