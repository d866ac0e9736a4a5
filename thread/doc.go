// Package thread runs a stage's workers on goroutines: a fixed pool of [pl.Workers] over a queue
// bounded by [pl.MaxSize]. Each worker has its own resource, which it opens even if there is no
// input. Use this package for work that computes or blocks, with as many workers as there are
// processors, or as may block at once.
//
// With [pl.Timeout], a worker whose function ignores that its context has ended is abandoned and
// replaced by one with a resource of its own. The value fails at once, the late result is dropped,
// and the old worker's resource is closed when its function returns. Nothing can end such a
// goroutine; package process ends a runaway function for good.
//
// Order, errors and the end of a run are as package pl describes them.
package thread
