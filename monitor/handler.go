package monitor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl/monitor/internal/page"
)

// ServeHTTP serves, relative to where m is mounted:
//
//   - / the page of the run, or if there are several a list that links to the page of each
//   - /json the figures of all runs, an array in the order of [Monitor.Stats]
//   - /metrics the sums of all runs so far, as text for Prometheus
//
// Mount m anywhere, with [net/http.StripPrefix]. It answers GET and HEAD, and changes nothing.
func (m *Monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve, ok := m.endpoint(r)
	switch {
	case !ok:
		text := fmt.Sprintf("There is nothing at %q. A Monitor has /, /json and /metrics; "+
			"mount it elsewhere with http.StripPrefix.\n", r.URL.Path)
		reply{status: http.StatusNotFound, kind: plainText, body: []byte(text)}.send(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		reply{status: http.StatusMethodNotAllowed, kind: plainText, body: []byte("GET or HEAD only\n")}.send(w, r)
	default:
		answer, err := serve(r.URL.Query())
		if err != nil {
			answer = reply{status: http.StatusInternalServerError, kind: plainText, body: []byte(err.Error() + "\n")}
		}
		answer.send(w, r)
	}
}

// endpoint is what answers at the request's path.
func (m *Monitor) endpoint(r *http.Request) (serve func(url.Values) (reply, error), ok bool) {
	switch strings.TrimPrefix(r.URL.Path, "/") {
	case "":
		if at, _, _ := strings.Cut(r.RequestURI, "?"); r.URL.Path == "" && at != "" && !strings.HasSuffix(at, "/") {
			return toFolder(at), true
		}
		return m.servePage, true
	case "json":
		return m.serveJSON, true
	case "metrics":
		return m.serveMetrics, true
	}
	return nil, false
}

// toFolder leads from a page without a slash at its end to the one with it, as its relative links
// need.
func toFolder(at string) func(url.Values) (reply, error) {
	return func(query url.Values) (reply, error) {
		to := url.URL{Path: "./" + path.Base(at) + "/", RawQuery: query.Encode()}
		return reply{status: http.StatusMovedPermanently, location: to.String()}, nil
	}
}

// Kinds of content.
const (
	plainText = "text/plain; charset=utf-8"
	htmlText  = "text/html; charset=utf-8"
	jsonText  = "application/json"
)

// reply is an answer, whole before any of it is sent: a client that is slow or gone holds up
// nothing.
type reply struct {
	status   int // 0: OK
	kind     string
	body     []byte
	file     string // to be saved as
	location string
}

func (a reply) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", page.Policy)
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.file != "" {
		h.Set("Content-Disposition", `attachment; filename="`+a.file+`"`)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a client that is gone has no use for an error
	}
}

func (m *Monitor) servePage(query url.Values) (reply, error) {
	found := m.find(query)
	if query.Has("save") && found.run != nil {
		text, err := page.Report(found.run, environment())
		return reply{kind: htmlText, body: text, file: "run.html"}, err
	}
	content, err := found.content()
	if err != nil {
		return reply{}, err
	}
	text, err := page.Page{Refresh: m.refresh()}.Whole(content)
	return reply{status: found.status(), kind: htmlText, body: text}, err
}

func (m *Monitor) refresh() time.Duration {
	if m.options.every > 0 {
		return m.options.every
	}
	return time.Second
}

// serveJSON also serves the page's script, which asks for what a page is about, as HTML and as
// JSON.
func (m *Monitor) serveJSON(query url.Values) (reply, error) {
	if query.Has("page") {
		return m.serveUpdate(query)
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for i, r := range m.records() {
		text, err := r.sight().JSON()
		if err != nil {
			return reply{}, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text)
	}
	b.WriteString("]\n")
	return reply{kind: jsonText, body: b.Bytes()}, nil
}

func (m *Monitor) serveUpdate(query url.Values) (reply, error) {
	found := m.find(query)
	content, err := found.content()
	if err != nil {
		return reply{}, err
	}
	var b bytes.Buffer
	b.Grow((len(content.HTML) + len(content.Snap)) * 5 / 4) // with what is escaped
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it is half of it HTML
	err = e.Encode(struct {
		HTML template.HTML `json:"html"`
		Snap string        `json:"snap"`
	}{content.HTML, content.Snap})
	return reply{status: found.status(), kind: jsonText, body: b.Bytes()}, err
}

func (m *Monitor) serveMetrics(url.Values) (reply, error) {
	return reply{kind: metricsText, body: metrics(m.sums())}, nil
}

// subject is what a page is about: one run, or if that is nil the list of all.
type subject struct {
	run     *page.Run
	list    []*record
	missing bool // the run that was asked for
}

func (m *Monitor) find(query url.Values) subject {
	all := m.records()
	if id := query.Get("run"); id != "" {
		i := slices.IndexFunc(all, func(r *record) bool { return r.id == id })
		if i < 0 {
			return subject{missing: true}
		}
		return subject{run: all[i].sight(), list: all}
	}
	if len(all) == 1 && !query.Has("list") {
		return subject{run: all[0].sight(), list: all}
	}
	return subject{list: all}
}

func (s *subject) status() int {
	if s.missing {
		return http.StatusNotFound
	}
	return http.StatusOK
}

func (s *subject) content() (*page.Content, error) {
	switch {
	case s.missing:
		return page.Missing()
	case s.run != nil:
		return page.OfRun(s.run, page.Around{Others: len(s.list) - 1})
	}
	runs := make([]*page.Run, len(s.list))
	for i, r := range s.list {
		runs[i] = r.sight()
	}
	return page.OfRuns(runs)
}
