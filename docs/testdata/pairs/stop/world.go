package pair

import "context"

// A message is handled, and the result stored.
type (
	Message int
	Result  int
)

// handle and store are what both sides of the pair call; each check sets them.
var (
	handle func(ctx context.Context, m Message) (Result, error)
	store  func(ctx context.Context, r Result) error
)
