// Command crawl fetches a site: every page that links from the start lead to, on the same host. It
// shows what package task is for: a thousand requests are under way at once, and what they find out
// is kept in a plain map, without a lock.
//
// Without arguments it starts a server with a site of some thousand pages, each of which takes its
// time. With a URL it crawls that site, at most -workers pages at once: go run ./examples/crawl
// -workers 4 https://example.org/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/task"
)

func main() {
	workers := flag.Int("workers", 1000, "pages fetched at once; of a site that is not yours, few")
	show := views.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, hide, err := show.Watch(ctx)
	if err != nil {
		log.Fatal("crawl: ", err)
	}
	defer hide()
	start := flag.Arg(0)
	if start == "" {
		server := newSite(3000, 20*time.Millisecond)
		defer server.Close()
		start = server.URL
	}
	began := time.Now()
	c := newCrawler(*workers)
	err = c.crawl(ctx, start)
	fmt.Printf("%d pages, %d bytes, %d failed, %.2f seconds\n", c.pages, c.bytes, c.failed, time.Since(began).Seconds())
	if err != nil {
		log.Fatal("crawl: ", err)
	}
}

// crawler is what the tasks share. They run one at a time, so nothing in it needs a lock.
type crawler struct {
	client               *http.Client
	links                pl.Partial[*url.URL, *url.URL]
	seen                 map[string]bool
	pages, bytes, failed int
}

func newCrawler(workers int) *crawler {
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = workers // else nearly each request opens a connection
	c := &crawler{client: &http.Client{Transport: task.Transport(nil)}, seen: map[string]bool{}}
	c.links = task.FlatMap(c.fetch, pl.Workers(workers), pl.Timeout(30*time.Second), pl.OnError(c.skip))
	return c
}

// crawl fetches the page at start, then all pages it links to, then those that these link to, until
// nothing is new.
func (c *crawler) crawl(ctx context.Context, start string) error {
	first, err := url.Parse(start)
	if err != nil || first.Host == "" {
		return fmt.Errorf("%q is no address of a site, such as https://example.org/", start)
	}
	if first.Path == "" {
		first.Path = "/"
	}
	c.seen[first.String()] = true
	for level := []*url.URL{first}; len(level) > 0; {
		if level, err = pl.FromSlice(level).Pipe(c.links).Collect(ctx); err != nil {
			return err
		}
	}
	return nil
}

var href = regexp.MustCompile(`<a\s[^>]*href="([^"#]+)`)

// fetch yields the links on a page that nobody has seen before.
func (c *crawler) fetch(ctx context.Context, page *url.URL, yield func(*url.URL) bool) error {
	text, err := c.get(ctx, page)
	if err != nil {
		return err
	}
	c.pages++
	c.bytes += len(text)
	for _, match := range href.FindAllSubmatch(text, -1) {
		link, err := page.Parse(string(match[1]))
		if err != nil || link.Host != page.Host || c.seen[link.String()] {
			continue
		}
		c.seen[link.String()] = true
		if !yield(link) {
			return nil
		}
	}
	return nil
}

// get awaits twice, in Do and in ReadAll: the client's transport sees to it.
func (c *crawler) get(ctx context.Context, page *url.URL) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// skip counts a page that cannot be had, and goes on.
func (c *crawler) skip(_ context.Context, e *pl.StageError) error {
	c.failed++
	log.Printf("%v: %v", e.Item, e.Err)
	return nil
}
