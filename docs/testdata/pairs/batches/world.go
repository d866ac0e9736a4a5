package pair

import "context"

// Page is what is saved.
type Page struct{ Number int }

// save is what both sides of the pair call; each check sets it.
var save func(ctx context.Context, pages []Page) error
