package crossing

// Setup is a function given to process.Setup, among a stage's settings. Workers of package cluster take
// none, and it says so.
type Setup interface {
	// MadeAt is the place where it was made.
	MadeAt() string
}
