package page

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files of the pages anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	wanted, lines := strings.Split(string(want), "\n"), strings.Split(text, "\n")
	for i := range min(len(wanted), len(lines)) {
		require.Equal(t, wanted[i], lines[i], "line %d of %s: if the change is meant, run the test with -update", i+1, file)
	}
	require.Len(t, lines, len(wanted), file)
}

// A look at a run that has something of everything, so that what changes on the page is seen.
func TestThePageAsAWhole(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4)) // which the page shows
	r := chain(pl.Running, "read", "parse", "store")
	r.Err, r.Lately.Err, r.Number = "", "", 2
	r.Progress, r.Total = 0.25, 400
	for _, s := range []*pl.Stats{&r.Stats, &r.Lately} {
		s.Consumer = pl.StageStats{Node: pl.Node{ID: 3, Name: "loop", Backend: "pl", Workers: 1}, In: 90, Busy: time.Second, Starved: 9 * time.Second}
		for i := range s.Stages {
			s.Stages[i].Err, s.Stages[i].Waiting = "", ""
		}
		s.Stages[1].Err = "cannot parse <b>"
		s.Stages[1].Awaiting, s.Stages[1].Retried = 5*time.Second, 3
		s.Stages[2].Remote = &pl.Remote{Redelivered: 2, Workers: []pl.RemoteWorker{
			{Host: "left", PID: 7, State: "left", Slots: 2, Done: 40}, {Host: "right", PID: 8, State: "serving", Slots: 2, Active: 1, Done: 50},
		}}
	}
	r.Layout = NewLayout(&r.Stats)
	golden(t, "run.html", script.ReplaceAllString(whole(t, r), ""))
	object, err := r.JSON()
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, object, "", "\t"))
	golden(t, "run.json", indented.String()+"\n")
}
