package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// cards are what a page shows of each stage beyond its row in the table.
func cards(places []place) template.HTML {
	var b strings.Builder
	for i := range places {
		places[i].writeCard(&b)
	}
	return template.HTML(b.String())
}

func (p *place) writeCard(b *strings.Builder) {
	fmt.Fprintf(b, `<details %s id="c%d"%s%s><summary><b>%s</b> <small>%s</small></summary>`+"\n",
		p.attr, p.index, when(p.named, " open"), when(p.flag != "", ` class="marked"`), esc(p.Label), esc(p.Sub))
	if p.Err != "" {
		fmt.Fprintf(b, `<p class="error">%s</p>`, esc(printable(p.Err, 300)))
	}
	if p.Waiting != "" {
		fmt.Fprintf(b, `<p>waits for %s</p>`, esc(printable(p.Waiting, 300)))
	}
	if len(p.Active) > 0 {
		fmt.Fprintf(b, `<div class="workers">%s</div><p class="soft">%s</p>`, workerCells(p.StageStats), esc(p.doing()))
		a := p.Active[0]
		fmt.Fprintf(b, `<p class="soft">worker %d: %s for %s</p>`, a.Worker, esc(a.State), brief(a.For))
	}
	b.WriteString(`<p class="facts">`)
	for _, f := range append(p.times(), p.counts()...) {
		fmt.Fprintf(b, `<span class="fact"><b>%s</b> %s</span> `, f.Value, f.Unit)
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
		fmt.Fprintf(b, `<figure>%s<figcaption><span>%s</span><span>%s %s, mean %s</span><span>%s</span></figcaption></figure>`+"\n",
			histogramBars(h), brief(bound(first)), calls.Value, calls.Unit, brief(h.Mean()), brief(bound(last+1)))
	}
	if len(p.Slowest) == 0 {
		return
	}
	b.WriteString(`<table class="slow"><thead><tr><th scope="col">slowest</th><th scope="col">value</th><th scope="col">worker</th>` +
		`<th scope="col" class="text"></th></tr></thead><tbody>`)
	for _, c := range p.Slowest {
		number := "–"
		if c.Index >= 0 {
			number = "#" + strconv.Itoa(c.Index)
		}
		fmt.Fprintf(b, `<tr><td>%s</td><td>%s</td><td>%d</td><td class="text shown">%s</td></tr>`,
			brief(c.Took), number, c.Worker, esc(printable(c.Value, 80)))
	}
	b.WriteString("</tbody></table>\n")
}
