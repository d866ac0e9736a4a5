package pair

import "context"

// visit is what both sides of the pair call; each check sets it.
var visit func(ctx context.Context, url string) error
