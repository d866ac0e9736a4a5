package page

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"runtime"
	"slices"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/observe"
)

// Around is what a page shows around a run.
type Around struct {
	Others      int          // further runs, of which there is a list
	Environment *Environment // where the run ran, for a report
}

// Environment is where a run ran.
type Environment struct {
	Program, Go, System string
	Processors          int
}

// OfRun is the content of a page about one run.
func OfRun(r *Run, around Around) (*Content, error) {
	snap, err := r.JSON()
	if err != nil {
		return nil, err
	}
	v := newRunView(r, around)
	size := len(v.Graph) + len(v.Rows) + len(v.Cards) + usualHead
	return newContent("run", v, size, Content{Title: v.Title, Run: r.ID, Snap: string(snap), Live: !r.Ended()})
}

const usualHead = 8000 // bytes, of what surrounds the graph, the table and the cards

// OfRuns is the content of a page that lists runs.
func OfRuns(all []*Run) (*Content, error) {
	v := listView{}
	snaps := [][]byte{}
	for _, r := range all {
		snap, err := r.JSON()
		if err != nil {
			return nil, err
		}
		snaps = append(snaps, snap)
		v.Runs = append(v.Runs, newSummary(r))
	}
	snap := slices.Concat([]byte("["), bytes.Join(snaps, []byte(",")), []byte("]"))
	return newContent("list", v, 0, Content{Title: fmt.Sprintf("%d runs", len(all)), Snap: string(snap), Live: true})
}

// Missing is the content of a page about a run that is not known.
func Missing() (*Content, error) {
	return newContent("missing", nil, 0, Content{Title: "no such run", Snap: "[]", Live: true})
}

type listView struct{ Runs []summary }

// summary is what a list shows of a run.
type summary struct {
	*Run
	Name, Elapsed, Rate string
	StateText           string
	Verdict             verdictView
	Percent             string // done; "": not known
	Permille            int
}

func newSummary(r *Run) summary {
	s := summary{
		Run: r, Name: printable(r.Name, 200), Elapsed: clock(r.Elapsed),
		Rate: perSecond(outcome(&r.Lately), r.Lately.Elapsed), StateText: stateTexts[r.State],
		Verdict: verdictView{
			Kind: r.Verdict.Kind.String(), Text: printable(r.Verdict.Text, 400), Why: printable(r.Verdict.Why, 1000),
			Blames: flags[r.Verdict.Kind] != "",
		},
	}
	p := r.Progress
	if cut := observe.CutOf(&r.Stats); cut.How != "" {
		s.StateText, p = cut.How, cut.At
	}
	if p >= 0 && p <= 1 {
		s.Percent, s.Permille = fmt.Sprintf("%d %%", int(100*p)), int(1000*p) // 100 only when it is
	}
	return s
}

// runView is what a page shows of its run.
type runView struct {
	summary
	Title, Err  string
	Facts       []fact
	Graph       template.HTML
	Rows, Cards template.HTML
	Length      int  // of the table
	Sorted      bool // by work
	AnyAwaits   bool // a stage has had values that await
	AnyIsHeld   bool // a stage has waited for a limit or a retry
	Others      int
	Environment *Environment
}

type verdictView struct {
	Kind, Text, Why string
	Blames          bool // it names something to blame
}

type fact struct{ Value, Unit string }

func newRunView(r *Run, around Around) *runView {
	places := placesOf(r)
	v := &runView{
		summary: newSummary(r), Err: printable(r.Err, 1000), Length: len(places), Others: around.Others,
		Environment: around.Environment,
	}
	v.Title = v.Name
	if v.Verdict.Blames {
		v.Title = "● " + printable(r.Verdict.Stage, 60) + " – " + v.Name
	}
	v.Facts = factsOf(r, v)
	if r.Layout != nil {
		v.Graph = graph(r.Layout, places)
	}
	v.Cards = cards(places)
	if v.Sorted = r.Layout == nil && len(places) > 0; v.Sorted {
		slices.SortStableFunc(places, byWork)
	}
	v.Rows = rows(places)
	v.AnyAwaits = slices.ContainsFunc(places, func(p place) bool { return p.Awaiting > 0 })
	v.AnyIsHeld = slices.ContainsFunc(places, func(p place) bool { return p.Limited+p.Retrying > 0 })
	return v
}

// stateTexts are states as people read them, and as classes of the style sheet.
var stateTexts = map[pl.RunState]string{
	pl.Running: "running", pl.Draining: "draining", pl.Done: "done", pl.Failed: "failed", pl.Cancelled: "cancelled",
}

// byWork puts the place that the verdict names first, and the others by the time that each of their
// workers has worked, which in one run is as their demand.
func byWork(p, q place) int {
	if p.named != q.named {
		return cmp.Compare(fromBool(q.named), fromBool(p.named))
	}
	return cmp.Compare(q.work(), p.work())
}

func fromBool(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *place) work() float64 {
	return (p.Busy + p.Awaiting).Seconds() / float64(max(p.Workers, 1))
}

// counted is a number of things.
func counted(n uint64, thing string) fact {
	if n != 1 {
		thing += "s"
	}
	return fact{grouped(n), thing}
}

// factsOf are the figures in the head of the page.
func factsOf(r *Run, v *runView) []fact {
	facts := []fact{counted(outcome(&r.Stats), "value")}
	if n := failures(&r.Stats); n > 0 {
		facts = append(facts, fact{grouped(n), "failed"})
	}
	if isCut := observe.CutOf(&r.Stats).How != ""; v.Percent != "" && (isCut || !r.Ended()) {
		facts = append(facts, fact{v.Percent, "of " + grouped(uint64(max(r.Total, 0)))})
	}
	facts = append(facts, fact{v.Rate, ""}, fact{v.Elapsed, "elapsed"})
	if r.Left > 0 && !r.Ended() {
		facts = append(facts, fact{"≈ " + clock(r.Left), "left"})
	}
	processors := runtime.GOMAXPROCS(0)
	return append(facts, fact{fmt.Sprintf("%.1f of %d", cores(&r.Lately), processors), "cores"})
}
