package monitor_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopeln/pl/monitor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Runs of one pipeline have one name. At the same time they have numbers besides; one that starts
// when the others have ended needs none.
func TestRunsOfOneNameAreToldApartInLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		ctx := monitor.Progress(t.Context(), monitor.Writer(&out))
		one := inBackground(ctx, slow(10, time.Second))
		time.Sleep(time.Second)
		other := inBackground(monitor.Progress(t.Context(), monitor.Writer(&out)), slow(20, time.Second))
		require.NoError(t, <-one)
		require.NoError(t, <-other)
		require.NoError(t, slow(3, time.Second).Run(ctx))
		var ends []string
		for _, line := range out.lines(t) {
			if name, _, ended := strings.Cut(line, " done "); ended {
				ends = append(ends, name)
			}
		}
		assert.Equal(t, []string{"index", "index #2", "index"}, ends)
	})
}

func TestRunsOfOneNameAreToldApartOnAPage(t *testing.T) {
	m := watched(t, "crawl", "crawl")
	list := get(m, "/").Body.String()
	rows := regexp.MustCompile(`<tr><td>(\d)</td><th [^>]*><a href="([^"]*)">crawl<`).FindAllStringSubmatch(list, -1)
	require.Len(t, rows, 2)
	assert.Equal(t, []string{"2", "1"}, []string{rows[0][1], rows[1][1]}, "the later one first")
	for _, row := range rows {
		has(t, get(m, "/"+row[2]).Body.String(), "</h1> <small>#"+row[1]+"</small>")
	}
	hasNot(t, get(watched(t, "crawl"), "/").Body.String(), "<small>#")
}
