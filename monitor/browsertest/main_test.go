package browsertest

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/browsertest/browser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tabs makes tabs of the one browser of all tests.
var tabs context.Context

func TestMain(m *testing.M) {
	flag.Parse()
	path, ok := browser.Find()
	if !ok && os.Getenv("REQUIRE_BROWSER") == "" {
		fmt.Println("SKIPPED: there is no Chromium for the tests of the page; install one, or name it in " + browser.Variable)
		return
	}
	var stop func()
	var err error
	if tabs, stop, err = browser.Start(context.Background(), path); err != nil {
		log.Fatalf("the browser %q does not start: %v", path, err)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// tab is a tab of the browser, and what its page wrote to the console.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	messages []string
}

// newTab opens a tab of that width. At the end of the test nothing may be in its console.
func newTab(t *testing.T, width int, scheme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(tabs)
	require.NoError(t, chromedp.Do(ctx)) // its life is the tab's
	p := &tab{t: t, ctx: ctx}
	console := chromedp.Console(ctx)
	var reading sync.WaitGroup
	reading.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.messages = append(p.messages, m.String())
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		cancel()
		reading.Wait()
		assert.Empty(t, p.console(), "the console of the page")
	})
	p.do(browser.Window(width, scheme))
	return p
}

// console are the messages so far. That a server did not answer is one that every browser writes.
func (p *tab) console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.messages), func(m string) bool { return strings.Contains(m, "Failed to load resource") })
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, steps...))
}

func (p *tab) open(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

// call sends a command of the protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, command, params)
	require.NoError(p.t, err)
	return r
}

// value is what an expression is in the page.
func value[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return v
}

// becomes waits until an expression is true in the page.
func (p *tab) becomes(expression string, within time.Duration) {
	p.t.Helper()
	for end := time.Now().Add(within); !value[bool](p, expression); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			require.Fail(p.t, "not so in time: "+expression, "the page says: %s", value[string](p, "document.body.innerText.slice(0, 600)"))
		}
	}
}

// site is a Monitor that is served, and what was asked of its server.
type site struct {
	*monitor.Monitor
	*httptest.Server
	mounted http.Handler
	below   string // the path

	mu    sync.Mutex
	asked []string
	down  bool
}

// serve serves a Monitor, below a path such as "/".
func serve(t *testing.T, below string, opts ...monitor.Option) *site {
	t.Helper()
	s := &site{Monitor: monitor.New(opts...), below: below}
	s.mounted = http.StripPrefix(strings.TrimSuffix(below, "/"), s.Monitor)
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.WriteTimeout = 2 * time.Second // a page may not need a longer one
	s.Start()
	t.Cleanup(s.Close)
	s.URL += below
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	down := s.down
	s.asked = append(s.asked, r.URL.Path)
	s.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	s.mounted.ServeHTTP(w, r)
}

func (s *site) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// polls are how often a page has asked for what is new.
func (s *site) polls() int { return len(s.requests(s.below + "json")) }

// requests are those that there were so far, but for those for other paths.
func (s *site) requests(paths ...string) (found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(p string) bool { return !slices.Contains(paths, p) })
}

// strange are the requests for anything but the page and its polls.
func (s *site) strange() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(p string) bool { return p == s.below || p == s.below+"json" })
}

// start runs a pipeline, whose run the site watches, until it is stopped or the test has ended. It
// waits until some values are through.
func (s *site) start(t *testing.T, stage pl.Stage[int]) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	through := make(chan struct{})
	running.Go(func() {
		n := 0
		for range stage.All(s.Watch(ctx)) {
			if n++; n == 5 {
				close(through)
			}
		}
	})
	<-through
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}
