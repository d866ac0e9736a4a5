package process

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gopeln/pl/internal/crossing"
)

// mostEnding bounds, on the page, how a run's context has ended; the message of a longer one is
// cut.
const mostEnding = 3 << 10

// endingOf encodes how ctx has ended.
func endingOf(ctx context.Context) []byte {
	e := crossing.EndingOf(ctx)
	text, err := json.Marshal(e)
	if err == nil && len(text) <= mostEnding {
		return text
	}
	text, _ = json.Marshal(e.Shortened(mostEnding / 10)) // JSON writes a byte as up to 6
	return text
}

// valueContext is the context of one value under a Timeout. The program watches over the time and
// kills the worker when it is over, so the deadline is only told.
type valueContext struct {
	context.Context
	due time.Time
}

func (c valueContext) Deadline() (time.Time, bool) {
	if parents, ok := c.Context.Deadline(); ok && parents.Before(c.due) {
		return parents, true
	}
	return c.due, true
}
