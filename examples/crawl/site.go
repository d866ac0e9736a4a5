package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// newSite serves a site of n pages, each after a delay. Page i links to ten pages further on, back
// to its parent and the start, to another site, and the last one to a page that is not there.
func newSite(n int, delay time.Duration) *httptest.Server {
	text := strings.Repeat("Lorem ipsum dolor sit amet. ", 40)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		i, err := strconv.Atoi(strings.Trim(req.URL.Path, "/"))
		if req.URL.Path == "/" {
			i, err = 0, nil
		}
		if err != nil || i < 0 || i >= n {
			http.NotFound(w, req)
			return
		}
		time.Sleep(delay)
		fmt.Fprintf(w, "<html><title>Page %d</title><p>%s</p>\n", i, text)
		fmt.Fprintf(w, `<a href="/">start</a> <a class="up" href="/%d#top">up</a> <a href="http://other.invalid/">away</a>`, (i-1)/10)
		for next := 10*i + 1; next <= 10*i+10 && next < n; next++ {
			fmt.Fprintf(w, "\n<a href=\"/%d\">page %d</a>", next, next)
		}
		if i == n-1 {
			fmt.Fprintf(w, "\n<a href=\"/%d\">a page that was removed</a>", n)
		}
	}))
}
