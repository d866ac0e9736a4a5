package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// card is what a page shows of a stage beyond its row in the table.
type card struct {
	*place
	Times   []fact // what the workers' time went to
	Counts  []fact
	Cells   template.HTML // the workers
	Workers string        // what they do, in words
	Longest string        // what one of them has been doing for longest
	Bars    template.HTML // the histogram
	From    string        // its bounds
	To      string
	Calls   string
	Slow    []slowCall
	Awaited string // by an Ordered
	Error   string
}

type slowCall struct {
	Took, Index, Value string
	Worker             int
}

func newCard(p *place) card {
	c := card{place: p, Awaited: printable(p.Waiting, 300), Error: printable(p.Err, 300)}
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"busy", p.Busy}, {"awaiting", p.Awaiting}, {"starved", p.Starved}, {"blocked", p.Blocked}, {"limited", p.Limited},
		{"waiting to retry", p.Retrying},
	} {
		if t.d > 0 {
			c.Times = append(c.Times, fact{brief(t.d), t.name})
		}
	}
	for _, n := range []struct {
		name string
		n    uint64
	}{
		{"filtered", p.Filtered}, {"retried", p.Retried}, {"at most in its queue", uint64(max(p.QueuedMost, 0))},
	} {
		if n.n > 0 {
			c.Counts = append(c.Counts, fact{grouped(n.n), n.name})
		}
	}
	c.addWorkers()
	c.addCalls()
	return c
}

func (c *card) addWorkers() {
	active := c.StageStats.Active
	if len(active) == 0 {
		return
	}
	c.Cells = workerCells(c.StageStats)
	doing := map[string]int{}
	for _, a := range active {
		doing[a.State]++
	}
	var parts []string
	for _, state := range workerStates {
		if n := doing[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if more := c.StageStats.Workers - mostCells; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	c.Workers = strings.Join(parts, ", ")
	c.Longest = fmt.Sprintf("worker %d: %s for %s", active[0].Worker, active[0].State, brief(active[0].For))
}

var workerStates = []string{"busy", "awaiting", "starved", "blocked", "limited", "retrying"}

func (c *card) addCalls() {
	h := c.StageStats.Calls
	if h.Count() > 0 {
		first, last, _ := bounds(h)
		c.Bars = histogramBars(h)
		c.From, c.To = brief(bound(first)), brief(bound(last+1))
		calls := counted(h.Count(), "call")
		c.Calls = calls.Value + " " + calls.Unit + ", mean " + brief(h.Mean())
	}
	for _, call := range c.Slowest {
		s := slowCall{Took: brief(call.Took), Worker: call.Worker, Value: printable(call.Value, 80), Index: "–"}
		if call.Index >= 0 {
			s.Index = "#" + strconv.Itoa(call.Index)
		}
		c.Slow = append(c.Slow, s)
	}
}

// IsOpen reports whether the card is open from the beginning.
func (c *card) IsOpen() bool { return c.Named }
