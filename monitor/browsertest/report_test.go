package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/browsertest/sample"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A report is opened from the disk: it asks for nothing, has the figures of the run, with and
// without JavaScript, and is printed light.
func TestAReportStandsAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a report, 100 %.html")
	var last pl.Stats
	m := monitor.New()
	require.NoError(t, sample.Chain(4, 2, 300).Run(monitor.Report(m.Watch(context.Background()), file)))
	last = m.Stats()[0]
	address := (&url.URL{Scheme: "file", Path: file}).String()

	for _, scripts := range []bool{true, false} {
		p := newTab(t, 1000, "dark")
		call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
		requests := p.requests()
		p.open(address)
		for i, st := range last.Stages {
			cells := p.cells(st.Name)
			assert.Equal(t, fmt.Sprint(st.In), cells["in"])
			assert.Equal(t, fmt.Sprint(st.Out), cells["out"])
			assert.Equal(t, float64(st.Out), value[float64](p, fmt.Sprintf(`JSON.parse(document.getElementById("snap").textContent).Stages[%d].Out`, i)))
		}
		assert.Equal(t, "Done", value[string](p, `document.querySelector("[data-state]").dataset.state`))
		p.requireGeometry()
		call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		for _, theme := range []string{"auto", "dark"} {
			p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme)))
			assert.Equal(t, "rgb(247, 248, 250)", value[string](p, `getComputedStyle(document.body).backgroundColor`), theme)
			p.requireContrast("on paper, " + theme)
		}
		if scripts {
			p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("tr[data-stage='step 01']").click()`))
			assert.True(t, value[bool](p, `document.querySelector("details[data-stage='step 01']").open`))
		}
		assert.Empty(t, requests())
	}
}

// requests collects the addresses that the tab asks for from now on, but for the file itself and
// what stands in it.
func (p *tab) requests() func() []string {
	p.t.Helper()
	var mu sync.Mutex
	var all []string
	require.NoError(p.t, chromedp.Listen(p.ctx, func(event any) {
		if sent, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, sent.Request.URL)
		}
	}))
	call(p, network.Enable, network.EnableParams{})
	return func() (others []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, u := range all {
			if !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
				others = append(others, u)
			}
		}
		return others
	}
}
