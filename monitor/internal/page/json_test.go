package page

import (
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Programs read these names: pl.Stats under its Go names, states and kinds by name, durations in
// nanoseconds. What a page, a report and /json show is the same.
func TestTheNamesInTheJSONOfARun(t *testing.T) {
	r := chain(pl.Running, "score")
	r.Progress, r.Total, r.Left, r.CPU, r.Loops = 0.5, 40, 3*time.Second, 4*time.Second, []time.Duration{5}
	r.Edges = []pl.Edge{{From: 0, To: 1}}
	r.Consumer.Name = "loop"
	text, err := r.JSON()
	require.NoError(t, err)
	const unused = `"Buckets": [], "Count": 0, "P50": 0, "P99": 0, "Sum": 0`
	assert.JSONEq(t, `{
		"Name": "score", "State": "Running", "Err": "score", "Started": "2027-01-15T08:00:00Z", "Elapsed": 10000000000,
		"Total": 40, "Progress": 0.5, "Left": 3000000000, "CPU": 4000000000,
		"Stages": [{
			"ID": 0, "Name": "score", "Backend": "thread", "Workers": 3, "MaxSize": 8,
			"In": 100, "Out": 90, "Filtered": 0, "Dropped": 0, "Failed": 10, "Retried": 0, "Queued": 8, "QueuedMost": 8,
			"Busy": 20000000000, "Starved": 0, "Blocked": 10000000000, "Awaiting": 0, "Limited": 0, "Retrying": 0,
			"Calls": {`+unused+`},
			"Slowest": [{"Index": 7, "Worker": 0, "Took": 1000000000, "Value": "score"}],
			"Active": [{"Worker": 1, "State": "busy", "For": 1000000000}],
			"Waiting": "score", "Err": "score"
		}],
		"Edges": [{"From": 0, "To": 1}],
		"Consumer": {
			"ID": 0, "Name": "loop", "Backend": "", "Workers": 0, "MaxSize": 0,
			"In": 0, "Out": 0, "Filtered": 0, "Dropped": 0, "Failed": 0, "Retried": 0, "Queued": 0, "QueuedMost": 0,
			"Busy": 0, "Starved": 0, "Blocked": 0, "Awaiting": 0, "Limited": 0, "Retrying": 0,
			"Calls": {`+unused+`}, "Slowest": null, "Active": null, "Waiting": "", "Err": ""
		},
		"Loops": [5],
		"Verdict": {"Kind": "StageBound", "Stage": "score", "Text": "score is the bottleneck", "Why": "score"}
	}`, string(text))
}
