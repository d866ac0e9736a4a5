package pair

import "context"

// Event is what is handled.
type Event struct {
	User   string
	Number int
}

// handle is what both sides of the pair call; each check sets it.
var handle func(ctx context.Context, event Event) error
