package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// machine is the workers of a stage on one machine, or on several that are shown as one.
type machine struct {
	hosts                        []string
	serving, lost, slots, active int
	done                         uint64
	heard                        time.Duration // since the last sign of life of the worker that serves and is silent longest
}

func (m *machine) add(host string, workers []pl.RemoteWorker) {
	m.hosts = append(m.hosts, host)
	for _, w := range workers {
		m.done += w.Done
		switch w.State {
		case "serving":
			m.serving++
			m.slots += w.Slots
			m.active += w.Active
			m.heard = max(m.heard, w.Heard)
		case "lost":
			m.lost++
		}
	}
}

// mostMachines is how many machines have a row of their own.
const mostMachines = 12

// machinesOf are the machines of a stage, those that serve first. If there are many, the last one
// stands for the rest.
func machinesOf(r *pl.Remote) []machine {
	var serve, gone []machine
	for host, workers := range r.Machines() {
		var m machine
		if m.add(host, workers); m.serving > 0 {
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
		rest.serving += m.serving
		rest.lost += m.lost
		rest.slots += m.slots
		rest.active += m.active
		rest.done += m.done
		rest.heard = max(rest.heard, m.heard)
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
		name := esc(m.name())
		write(b, `<tr><th scope="row" class="text" title="`, name, `">`, name, `</th>`)
		writeCell(b, m.workers())
		writeCell(b, digits(uint64(m.active))+"/"+digits(uint64(m.slots)))
		writeCell(b, digits(m.done))
		writeCell(b, m.silent(p.ended))
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody></table></div>\n")
}

// workers is how many serve, and how many were lost.
func (m *machine) workers() string {
	text := digits(uint64(m.serving))
	if m.lost > 0 {
		text += ", " + digits(uint64(m.lost)) + " lost"
	}
	return text
}

// silent is since when one of those that serve has given no sign of life, in whole seconds: a
// healthy one gives one each second.
func (m *machine) silent(ended bool) string {
	switch {
	case ended || m.serving == 0:
		return "–"
	case m.heard < 2*time.Minute:
		return strconv.Itoa(int(m.heard.Seconds())) + " s"
	}
	return clock(m.heard)
}
