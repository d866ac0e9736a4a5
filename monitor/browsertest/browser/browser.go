// Package browser finds a headless Chromium and drives it.
package browser

import (
	"context"
	"os"
	"os/exec"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Variable is the environment variable that names a browser to be used.
const Variable = "BROWSER_FOR_TESTS"

// Find returns the path of a Chromium: the one that Variable names, or else one that is installed.
func Find() (path string, ok bool) {
	if path = os.Getenv(Variable); path != "" {
		return path, true
	}
	for _, name := range []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell", "headless_shell",
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// Start starts the browser. It ends with stop, or with ctx. Tabs are contexts made of the one that
// is returned, by chromedp.NewContext.
func Start(ctx context.Context, path string) (tabs context.Context, stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // it sees only our own pages, and root may not have one
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	tabs, cancel := chromedp.NewContext(allocator)
	stop = func() {
		cancel()
		cancelAllocator()
	}
	if err := chromedp.Do(tabs); err != nil {
		stop()
		return nil, nil, err
	}
	return tabs, stop, nil
}

// Window gives a tab a window of that width and colour scheme, "light" or "dark".
func Window(width int, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
		chromedp.EmulateViewport(int64(width), 900),
	)
}
