// Gallery makes pictures of the page of a Monitor:
//
//	go -C monitor/browsertest run ./gallery -out ../../docs/monitor-page.png
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/browsertest/browser"
	"github.com/gopeln/pl/monitor/browsertest/sample"
)

var (
	out   = flag.String("out", "monitor-page.png", "the `file` to write")
	width = flag.Int("width", 1280, "of the window, in pixels")
	dark  = flag.Bool("dark", false, "the dark theme")
	what  = flag.String("what", "crawl", "crawl, remote, or a number of stages in a chain")
	wait  = flag.Duration("wait", 8*time.Second, "how long the run has been going")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	path, ok := browser.Find()
	if !ok {
		return fmt.Errorf("there is no Chromium; install one, or name it in %s", browser.Variable)
	}
	ctx, cancel := context.WithTimeout(ctx, *wait+time.Minute)
	defer cancel()
	m := monitor.New(monitor.Values(func(v any) string { return fmt.Sprintf("https://example.org/%v", v) }))
	server := httptest.NewServer(m)
	defer server.Close()
	go crawl(m.Watch(ctx))
	tabs, stop, err := browser.Start(ctx, path)
	if err != nil {
		return err
	}
	defer stop()
	time.Sleep(*wait)
	return shoot(tabs, server.URL)
}

// crawl consumes a pipeline; a run is called after the function that does so.
func crawl(ctx context.Context) {
	for _, err := range pipeline().All(ctx) {
		if err != nil {
			return // with ctx
		}
	}
}

func pipeline() pl.Stage[int] {
	var n int
	if _, err := fmt.Sscan(*what, &n); err == nil && n > 0 {
		return sample.Chain(n, n*2/3, 20_000)
	}
	if *what == "remote" {
		return sample.Remote(100, 20_000)
	}
	return sample.Crawl(20_000)
}

func shoot(tab context.Context, address string) error {
	scheme := "light"
	if *dark {
		scheme = "dark"
	}
	err := chromedp.Do(tab, browser.Window(*width, scheme), chromedp.Navigate(address), chromedp.Sleep(1500*time.Millisecond))
	if err != nil {
		return err
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(*out, png, 0o644)
}
