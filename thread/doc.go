// Package thread runs a stage's workers on goroutines: a fixed pool of pl.Workers over a queue bounded by pl.MaxSize.
// Each worker has its own resource, opened also where there is no input. Use it for work that computes or blocks, with
// as many workers as there are processors or as may block at once.
//
// Under pl.Timeout, a worker whose function ignores that its context has ended is abandoned and replaced by one with a
// resource of its own: the value fails at once, the old worker's late result is dropped, and its resource is closed
// when it comes back. Nothing can end such a goroutine; package process ends a runaway function for good.
//
// Order, errors and the end of a run are as package pl describes them.
package thread
