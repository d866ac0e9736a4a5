package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/browsertest/sample"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cells reads the figures of a stage from the table.
func (p *tab) cells(stage string) map[string]string {
	p.t.Helper()
	name, err := json.Marshal(stage)
	require.NoError(p.t, err)
	return value[map[string]string](p, fmt.Sprintf(`Object.fromEntries([...document.querySelectorAll("tr")]
		.filter((row) => row.dataset.stage === %s).flatMap((row) => [...row.querySelectorAll("[data-figure]")])
		.map((cell) => [cell.dataset.figure, cell.textContent]))`, name))
}

func TestThePageIsWholeWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	s.start(t, sample.Chain(8, 5, 100_000))
	p := newTab(t, 1280, "light")
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.open(s.URL)
	first := p.cells("step 05")
	for _, figure := range []string{"in", "out", "dropped", "failed"} {
		assert.Regexp(t, `^\d+$`, first[figure], figure)
	}
	assert.Regexp(t, `^\d+/16$`, first["queue"])
	assert.Equal(t, 9, value[int](p, `document.querySelectorAll("tr[data-stage]").length`))
	assert.Equal(t, 9, value[int](p, `document.querySelectorAll("svg g[data-stage] text.name").length`))
	assert.Zero(t, value[int](p, `[...document.querySelectorAll("button")].filter((b) => b.checkVisibility()).length`))
	assert.False(t, value[bool](p, `/loading|undefined|NaN/i.test(document.body.innerText)`))
	for end := time.Now().Add(20 * time.Second); p.cells("step 05")["in"] == first["in"]; time.Sleep(200 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "the page is not loaded anew")
	}
}

func TestThePageFollowsTheRun(t *testing.T) {
	t.Parallel()
	s := serve(t, "/a/b/")
	s.start(t, sample.Chain(4, 2, 100_000))
	p := newTab(t, 1280, "light")
	p.open(s.URL)
	first := p.cells("step 02")
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("tr[data-stage='step 01']").focus()`))
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("details[data-stage='step 03']").open = true`))
	time.Sleep(3500 * time.Millisecond)

	second := p.cells("step 02")
	assert.NotEqual(t, first["in"], second["in"])
	assert.Equal(t, second["in"], value[string](p, `String(JSON.parse(document.getElementById("snap").textContent).Stages[2].In)`))
	assert.Equal(t, "step 01", value[string](p, `document.activeElement.dataset.stage`), "the focus stays")
	assert.True(t, value[bool](p, `document.querySelector("details[data-stage='step 03']").open`), "what is open stays so")
	assert.Contains(t, value[string](p, `document.title`), "● step 02")
	assert.Positive(t, s.polls())
	assert.Len(t, s.requests("/a/b/"), 1)
	assert.Empty(t, s.strange())
}

func TestTheVerdictIsOnThePage(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	s.start(t, sample.Chain(8, 5, 100_000))
	p := newTab(t, 1440, "dark")
	p.open(s.URL)
	p.becomes(`document.querySelector("[role=status]").dataset.kind === "StageBound"`, 20*time.Second)
	marks := value[[]string](p, `[...document.querySelectorAll("[data-bottleneck]")].map((e) => e.nodeName.toLowerCase() + " " + e.dataset.stage)`)
	assert.Equal(t, []string{"g step 05", "tr step 05"}, marks)
	assert.Equal(t, "step 05", value[string](p, `JSON.parse(document.getElementById("snap").textContent).Verdict.Stage`))
	assert.Contains(t, value[string](p, `document.querySelector("[role=status]").innerText`), "step 05 is the bottleneck")

	roles := map[string]string{}
	for _, n := range call(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if n.Role != nil && n.Name != nil {
			roles[fmt.Sprint(n.Role.Value)] += fmt.Sprint(n.Name.Value)
		}
	}
	assert.Contains(t, roles, `"status"`)
	assert.Contains(t, roles[`"group"`]+roles[`"graphics-document"`]+roles[`"SvgRoot"`], "Graph of the stages")
}

func TestTheEndOfARunAndOfItsServer(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	stop := s.start(t, sample.Chain(3, 1, 100_000))
	p := newTab(t, 1280, "light")
	p.open(s.URL)
	const words = `document.body.innerText.includes("connection lost")`
	time.Sleep(1500 * time.Millisecond)
	require.False(t, value[bool](p, words))
	s.setDown(true)
	p.becomes(words, 5*time.Second)
	s.setDown(false)
	p.becomes("!"+words, 20*time.Second)

	before := p.cells("step 01")["in"]
	p.becomes(fmt.Sprintf(`document.querySelector("tr[data-stage='step 01'] [data-figure=in]").textContent !== %q`, before), 20*time.Second)

	stop()
	p.becomes(`document.querySelector("[data-state]").dataset.state === "Cancelled"`, 20*time.Second)
	assert.Equal(t, 1, value[int](p, `document.querySelectorAll("[data-state]").length`))
	polls := s.polls()
	time.Sleep(2500 * time.Millisecond)
	assert.Equal(t, polls, s.polls(), "nothing more is asked when the run has ended")
	last := s.Stats()[0]
	assert.Equal(t, fmt.Sprint(last.Stages[1].In), p.cells("step 01")["in"])
}

func TestPauseAndLookingAway(t *testing.T) {
	t.Parallel()
	s := serve(t, "/", monitor.Every(200*time.Millisecond))
	s.start(t, sample.Chain(2, 1, 100_000))
	p := newTab(t, 1280, "light")
	p.open(s.URL)
	still := func(what string) {
		t.Helper()
		time.Sleep(500 * time.Millisecond) // one may be under way
		n := s.polls()
		time.Sleep(1200 * time.Millisecond)
		assert.Equal(t, n, s.polls(), what)
	}
	press := func(label string) {
		t.Helper()
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`[...document.querySelectorAll("button")].find((b) => b.textContent === %q).click()`, label)))
	}
	moves := func() {
		t.Helper()
		n := s.polls()
		time.Sleep(1500 * time.Millisecond)
		assert.Greater(t, s.polls(), n)
	}
	moves()
	press("Pause")
	still("paused")
	press("Resume")
	moves()
	hide := func(hidden bool) {
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`Object.defineProperty(document, "hidden", {value: %v, configurable: true});
			document.dispatchEvent(new Event("visibilitychange"))`, hidden)))
	}
	hide(true)
	still("hidden")
	hide(false)
	moves()
}

func TestNamesOfAnyKind(t *testing.T) {
	t.Parallel()
	names := []string{
		`</script><img src=x onerror="window.hurt=1">`, `" onmouseover="window.hurt=1`, `<svg onload="window.hurt=1">`, "\x1b[31mred\x07", "tab\tline\nend\r",
		strings.Repeat("long ", 40), strings.Repeat("W", 200), strings.Repeat("長い名前", 20), "x", "e" + strings.Repeat("\u0301", 40), "مرحبا بالعالم مرحبا بالعالم",
	}
	s := serve(t, "/", monitor.Values(func(any) string { return names[0] }))
	s.start(t, sample.Named(names, 100_000))
	for _, width := range []int{360, 1440} {
		p := newTab(t, width, "light")
		p.open(s.URL)
		time.Sleep(1500 * time.Millisecond)
		assert.Equal(t, "undefined", value[string](p, `typeof window.hurt`))
		assert.Equal(t, names, value[[]string](p, `[...document.querySelectorAll("tr[data-stage]")].slice(1, -1).map((e) => e.dataset.stage)`))
		assert.Equal(t, names, value[[]string](p, `[...document.querySelectorAll("details[data-stage]")].slice(1, -1).map((e) => e.dataset.stage)`))
		p.requireGeometry()
	}
}

func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	s.start(t, sample.Chain(4, 1, 100_000))
	p := newTab(t, 1280, "light")
	p.open(s.URL)
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => d.open = false)`))
	const isOpen = `[...document.querySelectorAll("details[open]")].map((d) => d.dataset.stage)`
	press := func(selector, key string) {
		t.Helper()
		isThere := fmt.Sprintf(`document.activeElement.matches(%q)`, selector)
		for n := 0; n < 40 && !value[bool](p, isThere); n++ {
			p.do(chromedp.KeyEvent(kb.Tab))
		}
		require.True(t, value[bool](p, isThere), "%s gets the focus", selector)
		assert.True(t, value[bool](p, `(({outlineStyle, outlineWidth}) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 1)(getComputedStyle(document.activeElement))`), selector)
		p.do(chromedp.KeyEvent(key))
	}
	press("#pause", kb.Enter)
	assert.Equal(t, "Resume", value[string](p, `document.getElementById("pause").textContent`))
	p.do(chromedp.KeyEvent(kb.Enter))
	assert.Equal(t, "Pause", value[string](p, `document.getElementById("pause").textContent`))
	press("g[data-stage='step 01']", kb.Enter)
	assert.Equal(t, []string{"step 01"}, value[[]string](p, isOpen), "a box")
	press("g[data-stage='step 02']", " ")
	assert.Equal(t, []string{"step 01", "step 02"}, value[[]string](p, isOpen), "a box, which is a button")
	press("tr[data-stage='step 03']", kb.Enter)
	assert.Equal(t, []string{"step 01", "step 02", "step 03"}, value[[]string](p, isOpen), "a row")
	press("details[data-stage='loop'] summary", kb.Enter)
	assert.Contains(t, value[[]string](p, isOpen), "loop", "a card")
}

func TestAListOfRunsLinksToEach(t *testing.T) {
	t.Parallel()
	s := serve(t, "/debug/")
	p := newTab(t, 800, "light")
	p.open(s.URL)
	assert.Contains(t, value[string](p, `document.body.innerText`), "No run yet")
	require.NoError(t, pl.Range(5).With(pl.Name("first")).Run(s.Watch(t.Context())))
	p.becomes(`document.querySelector("tr[data-stage=first]") !== null`, 20*time.Second)
	require.NoError(t, pl.Range(5).With(pl.Name("second")).Run(s.Watch(t.Context())))
	p.open(s.URL)
	assert.Equal(t, []string{"second", "first"}, value[[]string](p, `[...document.querySelectorAll("tbody a")].map((a) => a.textContent)`))
	for i, name := range []string{"second", "first"} {
		p.open(s.URL)
		p.open(value[string](p, fmt.Sprintf(`document.querySelectorAll("tbody a")[%d].href`, i)))
		assert.Equal(t, name, value[string](p, `document.querySelector("h1").textContent`))
		assert.Zero(t, value[int](p, `document.querySelectorAll("[data-bottleneck]").length`), "too short to tell")
	}
	r, err := http.Get(value[string](p, `document.getElementById("save").href`))
	require.NoError(t, err)
	defer r.Body.Close()
	assert.Equal(t, `attachment; filename="run.html"`, r.Header.Get("Content-Disposition"))
}
