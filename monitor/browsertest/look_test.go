package browsertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/browsertest/browser"
	"github.com/gopeln/pl/monitor/browsertest/sample"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outside finds what lies outside of what it belongs to: texts outside of their boxes, boxes over
// each other, anything wider than the window but for what scrolls by itself.
const outside = `(() => {
	const wrong = [];
	const area = (r) => r.width * r.height;
	const boxes = [...document.querySelectorAll("svg g[data-stage]")].map((g) => {
		const rects = [...g.querySelectorAll("rect")].map((r) => r.getBoundingClientRect());
		const frame = rects.reduce((a, b) => (area(b) > area(a) ? b : a));
		for (const text of g.querySelectorAll("text")) {
			const r = text.getBoundingClientRect();
			if (r.left < frame.left || r.right > frame.right || r.top < frame.top || r.bottom > frame.bottom) wrong.push("text " + text.textContent);
		}
		const name = g.querySelector("text.name").getBoundingClientRect();
		const failed = g.querySelector("text.failed")?.getBoundingClientRect();
		if (failed && name.right > failed.left) wrong.push("name over failures: " + g.dataset.stage);
		return frame;
	});
	boxes.forEach((a, i) => boxes.slice(0, i).forEach((b) => {
		if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) wrong.push("boxes overlap");
	}));
	if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page is " + document.documentElement.scrollWidth + " px wide in " + innerWidth);
	for (const e of document.querySelectorAll("header *, p, details *, footer *, nav *, h1")) {
		const r = e.getBoundingClientRect();
		if (r.width > 0 && r.right > innerWidth + 1 && !e.closest("table, svg, .workers, .sheet")) wrong.push(e.nodeName + " beyond the window: " + e.textContent.slice(0, 40));
	}
	return wrong;
})()`

func TestManyMachinesStayInTheirCard(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	s.start(t, sample.Remote(100, 100_000))
	p := newTab(t, 360, "light")
	p.open(s.URL)
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
	p.requireGeometry()
	const wider = `[...document.querySelectorAll(".machines")].map((m) => m.offsetWidth - m.closest("details").clientWidth)`
	for _, by := range value[[]int](p, wider) {
		assert.LessOrEqual(t, by, 0, "pixels")
	}
	assert.Len(t, value[[]int](p, wider), 1)
}

func (p *tab) requireGeometry() {
	p.t.Helper()
	assert.Empty(p.t, value[[]string](p, outside))
}

func TestGeometry(t *testing.T) {
	t.Parallel()
	for _, stages := range []int{1, 8, 30} {
		s := serve(t, "/")
		s.start(t, sample.Chain(stages, max(1, stages/2), 100_000))
		p := newTab(t, 1280, "light")
		for _, width := range []int{360, 720, 768, 1440, 2560} {
			p.do(browser.Window(width, "light"))
			p.open(s.URL)
			p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
			assert.Empty(t, value[[]string](p, outside), "%d stages in %d px", stages, width)
		}
		p.do(chromedp.EmulateViewport(1440/2, 450, chromedp.EmulateScale(2))) // zoomed to 200 %
		assert.Empty(t, value[[]string](p, outside), "%d stages at 200 %%", stages)
		for _, font := range []string{"serif", "monospace"} { // a reader's system may have any
			p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.body.style.fontFamily = %q`, font)))
			assert.Empty(t, value[[]string](p, outside), "%d stages in %s", stages, font)
		}
	}
}

// contrast lists the texts whose colour is too near to that behind them.
const contrast = `(() => {
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
	const rgba = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const light = ([r, g, b]) => {
		const f = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
	};
	const behind = (e) => {
		const frame = e.closest("g.box")?.querySelector("rect.frame") ?? (e.matches("text.flag") ? e.previousElementSibling : null);
		if (frame) return rgba(getComputedStyle(frame).fill);
		for (let at = e; at; at = at.parentElement) {
			const c = rgba(getComputedStyle(at).backgroundColor);
			if (c[3] > 0.99) return c;
		}
		return rgba("white");
	};
	const bad = [];
	for (const e of document.querySelectorAll("body *")) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
		if (!own || !e.checkVisibility() || e.matches("script, title, option, progress")) continue;
		const style = getComputedStyle(e);
		const a = light(rgba(e instanceof SVGElement ? style.fill : style.color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) bad.push(e.nodeName + "." + e.className + " " + e.textContent.slice(0, 30) + " " + ratio.toFixed(2));
	}
	return bad;
})()`

func (p *tab) requireContrast(what string) {
	p.t.Helper()
	assert.Empty(p.t, value[[]string](p, contrast), what)
}

// A page of a run that went wrong has colours of its own.
func TestEveryEndIsLegible(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	ctx, cancel := context.WithCancel(s.Watch(t.Context()))
	defer cancel()
	for v, err := range sample.Chain(2, 1, 1000).All(ctx) {
		if v == 5 || err != nil {
			cancel()
		}
	}
	fails := thread.Map(func(context.Context, int) (int, error) { return 0, errors.New("no") }, pl.Name("fails"))
	require.Error(t, fails(pl.Range(3)).Run(s.Watch(t.Context())))
	for range sample.Chain(2, 1, 1000).All(s.Watch(t.Context())) {
		break
	}
	require.NoError(t, pl.Range(3).Run(s.Watch(t.Context())))
	s.start(t, sample.Chain(3, 1, 100_000))
	for _, scheme := range []string{"light", "dark"} {
		p := newTab(t, 1280, scheme)
		p.open(s.URL)
		assert.Equal(t, "running,done,stopped early,failed,cancelled", value[string](p, `[...document.querySelectorAll(".pill")].map((e) => e.textContent).join()`))
		p.requireContrast("the list, " + scheme)
		for _, address := range value[[]string](p, `[...document.querySelectorAll("tbody a")].map((a) => a.href)`) {
			p.open(address)
			p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
			p.requireContrast(value[string](p, `document.querySelector(".pill").textContent`) + ", " + scheme)
		}
	}
	p := newTab(t, 1280, "light")
	p.open(s.URL)
	s.setDown(true)
	p.becomes(`document.getElementById("lost").textContent !== ""`, 20*time.Second)
	p.requireContrast("connection lost")
}

func TestThemes(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	s.start(t, sample.Crawl(100_000))
	const back = `getComputedStyle(document.body).backgroundColor`
	const lightBack, darkBack = "rgb(247, 248, 250)", "rgb(18, 22, 28)"
	for _, scheme := range []string{"light", "dark"} {
		p := newTab(t, 1440, scheme)
		p.open(s.URL)
		p.becomes(`document.querySelector("text.flag") !== null`, 20*time.Second)
		want := map[string]string{"light": lightBack, "dark": darkBack}[scheme]
		assert.Equal(t, want, value[string](p, back))
		for theme, want := range map[string]string{"light": lightBack, "dark": darkBack} {
			p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme)))
			assert.Equal(t, want, value[string](p, back))
			p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => d.open = true)`))
			p.requireContrast(theme)
		}
	}
}

func TestTheThemeButton(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	p := newTab(t, 1440, "light")
	p.open(s.URL)
	themes := []string{value[string](p, `document.documentElement.dataset.theme`)}
	for range 3 {
		p.do(chromedp.Click(chromedp.CSS("#theme")))
		themes = append(themes, value[string](p, `document.documentElement.dataset.theme`))
	}
	require.Equal(t, []string{"auto", "light", "dark", "auto"}, themes)
	p.do(chromedp.Click(chromedp.CSS("#theme")))
	p.do(chromedp.Reload())
	assert.Equal(t, "light", value[string](p, `document.documentElement.dataset.theme`), "it is remembered")
	p.do(chromedp.Evaluate[chromedp.Void](`localStorage.clear()`))
}

// Nothing moves, so that who has asked for less motion gets the same page.
func TestNothingMoves(t *testing.T) {
	t.Parallel()
	s := serve(t, "/")
	s.start(t, sample.Chain(3, 1, 100_000))
	p := newTab(t, 1440, "light")
	p.open(s.URL)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
	assert.Zero(t, value[int](p, `document.getAnimations().length`))
}
