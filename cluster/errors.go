package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	_ "github.com/gopeln/pl/process" // whose *RemoteError a function's error arrives as
)

// PoisonError is the error of a value whose workers died, again and again: by a crash, by the system
// when memory ran out, or by a signal. See [MaxDeliver].
type PoisonError struct {
	Deliveries int // how often the value began
}

// Error says how often the value began.
func (e *PoisonError) Error() string {
	return fmt.Sprintf("the value began %d times, and each time its worker was lost: it seems to kill its workers; see their logs, "+
		"and MaxDeliver", e.Deliveries)
}

// NoWorkersError is the error of a run that found no worker that fits its function.
type NoWorkersError struct {
	Waited  time.Duration
	Reasons []string // why workers that answered do not fit, each with the worker's host and process
}

// Error lists the reasons.
func (e *NoWorkersError) Error() string {
	text := fmt.Sprintf("no worker that fits within %v (WaitWorkers)", e.Waited)
	if len(e.Reasons) == 0 {
		return text + ": none answered; start one, with Cluster.Serve in the same namespace, or embed.LocalWorkers"
	}
	reasons := slices.Clone(e.Reasons)
	slices.Sort(reasons)
	return text + ": " + strings.Join(slices.Compact(reasons), "; ")
}
