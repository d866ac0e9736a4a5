package views_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/pltest"
)

func parsed(t *testing.T, args ...string) *views.Views {
	t.Helper()
	set := flag.NewFlagSet("test", flag.ContinueOnError)
	v := views.Flags(set)
	require.NoError(t, set.Parse(args))
	return v
}

func TestPageIsServedUntilTheEnd(t *testing.T) {
	pltest.LeakCheck(t)
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	ctx, stop, err := parsed(t, "-monitor", "127.0.0.1:0").Watch(t.Context())
	require.NoError(t, err)
	require.NoError(t, pl.Range(3).With(pl.Name("counting")).Run(ctx))
	url := regexp.MustCompile(`http://\S+`).FindString(logged.String())
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	require.NoError(t, err)
	page, err := io.ReadAll(r.Body)
	r.Body.Close()
	require.NoError(t, err)
	assert.Contains(t, string(page), "counting")
	stop()
	_, err = client.Get(url)
	assert.Error(t, err)
}

func TestPortInUseIsAClearError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, stop, err := parsed(t, "-monitor", l.Addr().String()).Watch(t.Context())
	require.ErrorContains(t, err, "-monitor "+l.Addr().String())
	assert.ErrorContains(t, err, "take another")
	stop()
}

func TestWithoutFlagsNothingIsWatched(t *testing.T) {
	ctx, stop, err := parsed(t).Watch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, t.Context(), ctx)
	stop()
	_, _, err = parsed(t, "-progress").Watch(context.Background())
	require.NoError(t, err)
	log.SetOutput(os.Stderr)
}
