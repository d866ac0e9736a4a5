//go:build race

package queue

// checked makes the queue check its invariants each time its lock is released, in tests with the
// race detector.
const checked = true
