package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCrawlFindsEveryPageOnce(t *testing.T) {
	site := newSite(500, time.Millisecond)
	defer site.Close()
	c := newCrawler(50)
	require.NoError(t, c.crawl(t.Context(), site.URL))
	// The first page has two addresses: / and /0.
	assert.Equal(t, 501, c.pages)
	assert.Equal(t, 1, c.failed, "the page that is not there")
	assert.Greater(t, c.bytes, 500_000)
	c.client.CloseIdleConnections()
}

func TestCrawlSaysWhatIsWrongWithAnAddress(t *testing.T) {
	for _, bad := range []string{"example.org", "::", "/local"} {
		require.ErrorContains(t, newCrawler(1).crawl(t.Context(), bad), "no address of a site")
	}
}

func TestCrawlCountsASiteThatIsDown(t *testing.T) {
	site := newSite(1, 0)
	site.Close()
	c := newCrawler(1)
	require.NoError(t, c.crawl(t.Context(), site.URL))
	assert.Equal(t, 1, c.failed)
	assert.Zero(t, c.pages)
}
