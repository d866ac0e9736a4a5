package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// machine is the workers of a stage on one machine, or on several that are shown as one.
type machine struct {
	hosts   []string
	workers []pl.RemoteWorker
}

// tally is the figures of a machine's workers together.
type tally struct {
	serving, lost, slots, active int
	done                         uint64
	heard                        time.Duration // since the last sign of life of the worker that serves and is silent longest
}

func (m *machine) tally() (c tally) {
	for _, w := range m.workers {
		c.done += w.Done
		switch w.State {
		case "serving":
			c.serving++
			c.slots += w.Slots
			c.active += w.Active
			c.heard = max(c.heard, w.Heard)
		case "lost":
			c.lost++
		}
	}
	return c
}

// mostMachines is how many machines have a row of their own.
const mostMachines = 12

// machinesOf are the machines of a stage, those that serve first. If there are many, the last one
// stands for the rest.
func machinesOf(r *pl.Remote) []machine {
	var serve, gone []machine
	for host, workers := range r.Machines() {
		m := machine{[]string{host}, workers}
		if m.tally().serving > 0 {
			serve = append(serve, m)
		} else {
			gone = append(gone, m)
		}
	}
	all := append(serve, gone...)
	if len(all) <= mostMachines {
		return all
	}
	var rest machine
	for _, m := range all[mostMachines-1:] {
		rest.hosts = append(rest.hosts, m.hosts...)
		rest.workers = append(rest.workers, m.workers...)
	}
	return append(all[:mostMachines-1], rest)
}

// name is what the machine's row is called.
func (m *machine) name() string {
	switch {
	case len(m.hosts) > 1:
		return strconv.Itoa(len(m.hosts)) + " more"
	case m.hosts[0] == "":
		return "workers of before"
	}
	return printable(m.hosts[0], 100)
}

// writeMachines writes on which machines the stage's workers are.
func (p *place) writeMachines(b *strings.Builder) {
	if p.Remote == nil {
		return
	}
	b.WriteString(`<div class="machines"><table><thead><tr><th scope="col" class="text">machine</th><th scope="col">workers</th>` +
		`<th scope="col">running</th><th scope="col">done</th><th scope="col">silent</th></tr></thead><tbody>`)
	for _, m := range machinesOf(p.Remote) {
		name, of := esc(m.name()), m.tally()
		write(b, `<tr><th scope="row" class="text" title="`, name, `">`, name, `</th>`)
		writeCell(b, of.workers())
		writeCell(b, digits(uint64(of.active))+"/"+digits(uint64(of.slots)))
		writeCell(b, digits(of.done))
		writeCell(b, of.silent(p.ended))
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody></table></div>\n")
}

// workers is how many serve, and how many were lost.
func (c *tally) workers() string {
	text := digits(uint64(c.serving))
	if c.lost > 0 {
		text += ", " + digits(uint64(c.lost)) + " lost"
	}
	return text
}

// silent is since when one of those that serve has given no sign of life, in whole seconds: a
// healthy one gives one each second.
func (c *tally) silent(ended bool) string {
	switch {
	case ended || c.serving == 0:
		return "–"
	case c.heard < 2*time.Minute:
		return strconv.Itoa(int(c.heard.Seconds())) + " s"
	}
	return clock(c.heard)
}
