package cluster

import (
	"fmt"
	"time"

	"github.com/gopeln/pl/internal/crossing"
)

// protocol is the version of what follows. Ends of different ones do not work together.
const protocol = 2

// spec is what workers must know of a job. The parent's beats carry it.
type spec struct {
	Protocol   int
	Job, Run   string
	Stage      string
	Key        string
	In, Out    string    // the types, with all that is inside
	Codec      [2]string // of values and of results
	Memory     string    // how the parent's machine lays out values
	Build      string
	Host       string
	PID        int
	Stream     string // of this incarnation; empty: no work yet, answer only
	Lease      time.Duration
	Timeout    time.Duration // of a value; 0: none
	Left       time.Duration // until the run's deadline, when this was sent; 0: none
	Many       bool          // the function may yield any number of results
	Bounded    bool          // yield waits until its result has room; it may change
	Observed   bool          // the run's figures are looked at, so that signs of life must come often
	MaxPayload int64
}

// order is what a parent tells the workers.
type order struct {
	Spec *spec            `json:",omitempty"` // a sign of life
	End  bool             `json:",omitempty"` // the job is over
	How  *crossing.Ending `json:",omitempty"` // of End: how the run's context ended; nil: there are no more values
}

// report is what a worker tells the parent of a job.
type report struct {
	Worker  string
	Host    string
	PID     int
	Slots   int
	Build   string              `json:",omitempty"`
	Refused string              `json:",omitempty"` // why it does not take part
	Closing bool                `json:",omitempty"` // it has heard of the end, and closes its resources
	Closed  bool                `json:",omitempty"` // it has closed all
	Left    bool                `json:",omitempty"` // it does not take part any more
	OnEnd   []*crossing.Failure `json:",omitempty"` // of Closed and Left
	OnStart *crossing.Failure   `json:",omitempty"` // why it cannot
	Began   uint64              `json:",omitempty"` // a parcel that is alone begins
	Back    *back               `json:",omitempty"`
	Strays  *strays             `json:",omitempty"` // of the job at the worker, if there ever were any
	Active  *int                `json:",omitempty"` // the values of the job that run; nil if this is no sign of life
}

// obituary says that a process is known to have died. Package embed writes it, of its local workers.
type obituary struct {
	Host string
	PID  int
}

// where names the worker, for people.
func (r *report) where() string { return where(r.Host, r.PID) }

func where(host string, pid int) string { return fmt.Sprintf("host %s, process %d", host, pid) }

// back gives values of a message back that have not begun.
type back struct {
	Parcel    uint64
	From      int    // the first of them
	Delivered int    // more than 1: the message came again, since the worker that had it before is lost
	Ack       string // where to acknowledge the message; empty: it is still in use
}
