package monitor_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	return ask(h, http.MethodGet, path)
}

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// has checks that a text, which may be too long to be shown, has a part.
func has(t *testing.T, text, part string) {
	t.Helper()
	assert.True(t, strings.Contains(text, part), "no %q in a text of %d bytes", part, len(text))
}

func hasNot(t *testing.T, text, part string) {
	t.Helper()
	assert.False(t, strings.Contains(text, part), "%q in a text of %d bytes", part, len(text))
}

// watched is a Monitor that has watched a run of each of the names.
func watched(t *testing.T, names ...string) *monitor.Monitor {
	t.Helper()
	m := monitor.New()
	for _, name := range names {
		require.NoError(t, named(name, 10).Run(m.Watch(t.Context())))
	}
	return m
}

func TestEndpoints(t *testing.T) {
	m := watched(t, "crawl")
	for _, c := range []struct {
		method, path string
		code         int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/json", 200, "application/json"},
		{"HEAD", "/json", 200, "application/json"},
		{"GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"},
		{"GET", "/nothing", 404, "text/plain; charset=utf-8"},
		{"GET", "/json/", 404, "text/plain; charset=utf-8"},
		{"POST", "/nothing", 404, "text/plain; charset=utf-8"},
		{"GET", "/?run=17-x", 404, "text/html; charset=utf-8"},
		{"POST", "/", 405, "text/plain; charset=utf-8"},
		{"DELETE", "/json", 405, "text/plain; charset=utf-8"},
		{"OPTIONS", "/metrics", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := ask(m, c.method, c.path)
			assert.Equal(t, c.code, w.Code)
			assert.Equal(t, c.kind, w.Header().Get("Content-Type"))
			assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			if c.code == 405 {
				assert.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
			}
			if c.method == "HEAD" {
				assert.Empty(t, w.Body.String())
				assert.NotEqual(t, "0", w.Header().Get("Content-Length"))
			}
		})
	}
}

func TestJSONIsAnArrayOfStatsWithTheirVerdicts(t *testing.T) {
	assert.Equal(t, "[]\n", get(monitor.New(), "/json").Body.String())

	m := watched(t, "first", "second")
	var runs []struct {
		pl.Stats
		Verdict pl.Verdict
	}
	text := get(m, "/json").Body.String()
	require.NoError(t, json.Unmarshal([]byte(text), &runs))
	require.Len(t, runs, 2)
	for i, s := range m.Stats() {
		assert.Equal(t, s.Verdict(), runs[i].Verdict)
		want, err := json.Marshal(s)
		require.NoError(t, err)
		got, err := json.Marshal(runs[i].Stats)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(got))
	}
	has(t, text, `"State":"Done"`)
	has(t, text, `"Kind":"WarmingUp"`)
}

var snapshot = regexp.MustCompile(`(?s)<script type="application/json" id="snap">(.*?)</script>`)

func TestAPageHoldsTheSameObject(t *testing.T) {
	m := watched(t, "</script><b>")
	match := snapshot.FindStringSubmatch(get(m, "/").Body.String())
	require.NotNil(t, match)
	var one any
	require.NoError(t, json.Unmarshal([]byte(match[1]), &one))
	var all []any
	require.NoError(t, json.Unmarshal(get(m, "/json").Body.Bytes(), &all))
	assert.Equal(t, all[0], one)
}

func TestSeveralRunsAreAListThatLinksToEach(t *testing.T) {
	has(t, get(monitor.New(), "/").Body.String(), "No run yet")
	m := watched(t, "first", "second")
	list := get(m, "/").Body.String()
	links := regexp.MustCompile(`href="(\?run=[^"]*)">`).FindAllStringSubmatch(list, -1)
	require.Len(t, links, 2)
	for i, name := range []string{"second", "first"} {
		text := get(m, "/"+links[i][1]).Body.String()
		has(t, text, `<tr data-stage="`+name+`"`)
		has(t, text, "1 more run")
	}
	one := get(watched(t, "only"), "/").Body.String()
	has(t, one, `<tr data-stage="only"`)
	hasNot(t, one, "more run")
}

func TestWhatAPageAsksForIsThePageAnew(t *testing.T) {
	m := watched(t, "crawl")
	var update struct{ HTML, Snap string }
	require.NoError(t, json.Unmarshal(get(m, "/json?page").Body.Bytes(), &update))
	page := get(m, "/").Body.String()
	has(t, page, update.HTML)
	has(t, page, update.Snap)
	assert.Equal(t, 404, get(m, "/json?page&run=17-x").Code)
}

func TestAReportCanBeSavedFromThePage(t *testing.T) {
	m := watched(t, "first", "second")
	link := regexp.MustCompile(`href="(\?run=[^"]*)">`).FindStringSubmatch(get(m, "/").Body.String())[1]
	w := get(m, "/"+link+"&save")
	assert.Equal(t, `attachment; filename="run.html"`, w.Header().Get("Content-Disposition"))
	has(t, w.Body.String(), "second")
	has(t, w.Body.String(), `http-equiv="Content-Security-Policy"`)
}

// A Monitor works wherever it is mounted: its links are relative to where its page is.
func TestMounts(t *testing.T) {
	m := watched(t, "crawl")
	mux := http.NewServeMux()
	mux.Handle("/debug/pl/", http.StripPrefix("/debug/pl", m))
	mux.Handle("/a/b/", http.StripPrefix("/a/b/", m))
	mux.Handle("/c", http.StripPrefix("/c", m))
	for _, path := range []string{"/debug/pl/", "/debug/pl/json", "/debug/pl/metrics", "/a/b/", "/a/b/json", "/a/b/metrics"} {
		assert.Equal(t, 200, get(mux, path).Code, path)
	}
	w := get(mux, "/c?run=1")
	assert.Equal(t, 301, w.Code)
	assert.Equal(t, "./c/?run=1", w.Header().Get("Location"))
	assert.Empty(t, regexp.MustCompile(`(href|src)="/`).FindString(get(mux, "/debug/pl/").Body.String()))
}

func TestBehindAMiddlewareThatPacks(t *testing.T) {
	m := watched(t, "crawl")
	packed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		inner := httptest.NewRecorder()
		m.ServeHTTP(inner, r)
		_, _ = io.Copy(z, inner.Body)
	})
	server := httptest.NewServer(packed)
	defer server.Close()
	r, err := http.Get(server.URL)
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	has(t, string(text), "crawl")
}

// A client that has asked and does not read, or has gone, holds up neither the run nor other
// clients.
func TestClientsThatAreSlowOrGone(t *testing.T) {
	m := monitor.New()
	stop := runUntilStopped(t, m, 3, 2)
	server := httptest.NewServer(m)
	defer server.Close()
	var held []net.Conn
	for range 20 {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprint(c, strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 20))
		require.NoError(t, err)
		held = append(held, c)
	}
	client := http.Client{Timeout: 10 * time.Second}
	r, err := client.Get(server.URL + "/json")
	require.NoError(t, err)
	r.Body.Close()
	stop()
	assert.Equal(t, pl.Cancelled, m.Stats()[0].State)
	for _, c := range held {
		c.Close()
	}
}

// A page is asked for anew, and no stream is held open: a server may limit how long it writes.
func TestBehindAServerWithAWriteTimeout(t *testing.T) {
	m := monitor.New()
	stop := runUntilStopped(t, m, 3, 2)
	defer stop()
	server := httptest.NewUnstartedServer(m)
	server.Config.WriteTimeout = time.Second
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := server.Client()
	client.Timeout = 10 * time.Second
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); {
		r, err := client.Get(server.URL + "/json?page")
		require.NoError(t, err)
		require.Equal(t, 2, r.ProtoMajor)
		_, err = io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
		r.Body.Close()
	}
}

func TestAPageFetchesNothingFromElsewhere(t *testing.T) {
	text := get(watched(t, "crawl"), "/").Body.String()
	assert.Empty(t, regexp.MustCompile(`(?i)https?://|@import|url\([^#]`).FindString(snapshot.ReplaceAllString(text, "")))
}
