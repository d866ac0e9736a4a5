package browsertest

import (
	"compress/gzip"
	"net/http"
	"testing"
	"time"

	"github.com/gopeln/pl/monitor/browsertest/sample"
	"github.com/stretchr/testify/assert"
)

// A browser has six connections to a server over HTTP/1.1: more pages than that work at the same
// time if none of them holds one, below a path, behind a middleware that packs and a server that
// does not write for long.
func TestTenTabsAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, "/a/b/")
	s.mounted = packing(s.mounted)
	stop := s.start(t, sample.Chain(3, 1, 100_000))
	const in = `document.querySelector("tr[data-stage='step 01'] [data-figure=in]").textContent`
	var all []*tab
	var first []string
	for range 10 {
		p := newTab(t, 800, "light")
		p.open(s.URL)
		all, first = append(all, p), append(first, value[string](p, in))
	}
	begun := time.Now()
	for i, p := range all {
		p.becomes(in+` !== "`+first[i]+`"`, 30*time.Second)
	}
	time.Sleep(time.Until(begun.Add(s.Config.WriteTimeout + time.Second))) // what the server cuts off, it has by now
	for i, p := range all {
		first[i] = value[string](p, in)
	}
	for i, p := range all {
		p.becomes(in+` !== "`+first[i]+`"`, 30*time.Second)
		p.becomes(`document.getElementById("lost").textContent === ""`, 30*time.Second)
	}
	assert.Empty(t, s.strange())
	stop()
	for _, p := range all {
		p.becomes(`document.querySelector("[data-state]").dataset.state === "Cancelled"`, 30*time.Second)
	}
}

// packing packs what a handler says, as a middleware does that knows nothing of it.
func packing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &packed{ResponseWriter: w, z: gzip.NewWriter(w)}
		w.Header().Set("Content-Encoding", "gzip")
		defer p.z.Close()
		h.ServeHTTP(p, r)
	})
}

type packed struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (p *packed) WriteHeader(code int) {
	p.Header().Del("Content-Length")
	p.ResponseWriter.WriteHeader(code)
}

func (p *packed) Write(text []byte) (int, error) {
	p.Header().Del("Content-Length")
	return p.z.Write(text)
}
