// Package page draws runs as HTML: a live page, a list of runs, a report. A page is whole without
// JavaScript, and needs nothing from anywhere else. Its script only asks for the same page again,
// and takes over what has changed.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

var pages = template.Must(template.New("page").Parse(pageHTML))

// Policy is the Content-Security-Policy of a page: only its own style and script count, and it may
// talk to its server. A page that a browser has opened from a file has it too, but may talk to
// nobody.
var (
	Policy = policy + "; connect-src 'self'; frame-ancestors 'none'"
	policy = "default-src 'none'; style-src " + hashOf(pageCSS) + "; script-src " + hashOf(pageJS) + "; img-src data:; base-uri 'none'; form-action 'none'"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// document is what the template of a whole page needs.
type document struct {
	Title   string
	Run     string // the id of the run that it is about; "": none
	Style   template.CSS
	Script  template.JS
	Policy  string // of a page in a file
	Reload  int    // seconds, in a browser without JavaScript; 0: never
	Refresh int64  // milliseconds, in one with it; 0: never
	Report  bool
	Content template.HTML
	Snap    template.JS
}

// Page is a page as it comes from the server.
type Page struct {
	Refresh time.Duration // how often it is brought up to date
}

// How long a page stays as it is in a browser without JavaScript. To load it anew takes the
// reader's place away, so that it is not done every second.
const (
	leastReload = 5 * time.Second
	mostReload  = 10 * time.Second
)

// Whole is the page with that content.
func (p Page) Whole(c *Content) ([]byte, error) {
	d := c.document()
	d.Reload = int(mostReload.Seconds()) // also when the run has ended: there may be others
	if c.Live {
		d.Refresh = max(p.Refresh.Milliseconds(), 1)
		d.Reload = int(min(max(p.Refresh, leastReload), mostReload).Seconds())
	}
	return d.render()
}

// Report is a page for a file.
func Report(r *Run, e Environment) ([]byte, error) {
	c, err := OfRun(r, Around{Environment: &e})
	if err != nil {
		return nil, err
	}
	d := c.document()
	d.Report, d.Policy = true, policy
	return d.render()
}

func (d *document) render() ([]byte, error) {
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, "page", d)
	return b.Bytes(), err
}

// Content is the part of a page that changes.
type Content struct {
	Title string
	Run   string // the id of the run that it is about; "": none
	HTML  template.HTML
	Snap  string // the same as JSON
	Live  bool   // it will change
}

func (c *Content) document() *document {
	return &document{
		Title: c.Title, Run: c.Run, Style: template.CSS(pageCSS), Script: template.JS(pageJS),
		Content: c.HTML, Snap: template.JS(c.Snap),
	}
}

// newContent executes a template whose result will have about that size.
func newContent(name string, v any, size int, c Content) (*Content, error) {
	var b strings.Builder
	b.Grow(size)
	err := pages.ExecuteTemplate(&b, name, v)
	c.HTML = template.HTML(b.String())
	return &c, err
}
