package pair

import "context"

// Page is what is fetched.
type Page struct{ URL string }

// fetch is what both sides of the pair call; each check sets it.
var fetch func(ctx context.Context, url string) (Page, error)
