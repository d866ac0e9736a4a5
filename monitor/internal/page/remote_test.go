package page

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crew are workers that serve, so many on each of the machines.
func crew(each int, hosts ...string) (all []pl.RemoteWorker) {
	for _, host := range hosts {
		for i := range each {
			all = append(all, pl.RemoteWorker{
				Host: host, PID: 100 + i, State: "serving", Slots: 4, Active: 3, Done: 1000, Heard: time.Duration(i+1) * time.Second,
			})
		}
	}
	return all
}

var tag = regexp.MustCompile(`<[^>]*>`)

// machineRows are the rows of the table of machines on a page, as text.
func machineRows(t *testing.T, page string) (rows []string) {
	t.Helper()
	table := regexp.MustCompile(`(?s)<div class="machines">.*?</table>`).FindString(page)
	for _, row := range regexp.MustCompile(`(?s)<tr>.*?</tr>`).FindAllString(table, -1) {
		cells := strings.NewReplacer("</th>", "|", "</td>", "|").Replace(row)
		rows = append(rows, strings.Trim(tag.ReplaceAllString(cells, ""), "|\n"))
	}
	return rows
}

func TestWorkersElsewhereAreShownByMachine(t *testing.T) {
	r := chain(pl.Running, "a", "b")
	lost := crew(1, "beta")[0]
	lost.State = "lost"
	workers := append(crew(3, "alpha"), crew(1, "beta")...)
	r.Stages[1].Remote = &pl.Remote{Redelivered: 14, Resubmitted: 3, Duplicates: 2, Workers: append(workers, lost)}
	text := whole(t, r)
	assert.Equal(t, []string{
		"machine|workers|running|done|silent", "alpha|3|9/12|3000|3 s", "beta|1, 1 lost|3/4|2000|1 s",
	}, machineRows(t, text))
	for _, want := range []string{"<b>14</b> redelivered", "<b>3</b> resubmitted", "<b>2</b> duplicates dropped"} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, 1, strings.Count(text, `<div class="machines">`), "other stages have none")

	r.State = pl.Done
	assert.Equal(t, "alpha|3|9/12|3000|–", machineRows(t, whole(t, r))[1])
}

func TestManyMachinesAreGrouped(t *testing.T) {
	var hosts []string
	for i := range 100 {
		hosts = append(hosts, fmt.Sprintf("host%03d", i))
	}
	gone := crew(1, "aaa")
	gone[0].State = "left"
	r := chain(pl.Running, "a")
	r.Stages[0].Remote = &pl.Remote{Workers: append(gone, crew(2, hosts...)...)}
	rows := machineRows(t, whole(t, r))
	require.Len(t, rows, 1+mostMachines)
	assert.Equal(t, "host000|2|6/8|2000|2 s", rows[1], "machines that serve come first")
	assert.Equal(t, "90 more|178|534/712|179000|2 s", rows[mostMachines])
}

func TestHostsOfAnyKindAreText(t *testing.T) {
	r := chain(pl.Running, "a")
	for _, host := range append(hostile, "") {
		r.Stages[0].Remote = &pl.Remote{Workers: crew(1, host)}
		visible := script.ReplaceAllString(whole(t, r), "")
		rows := machineRows(t, visible)
		require.Len(t, rows, 2)
		for _, bad := range []string{"<img", "<svg/", "onerror=alert(1)>", `" onmouseover`, "\x1b", "\x00", "\u202e", "<!--"} {
			assert.NotContains(t, strings.TrimPrefix(stripStageNames(visible), "<!DOCTYPE html>"), bad)
		}
	}
}
