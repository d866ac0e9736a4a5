// Package serial runs a stage in the goroutine of its consumer, one value at a time, in order,
// without a goroutine of its own. It is for debugging, since a stack trace leads from the loop
// through every function, and serves as the reference in tests. It accepts the same options as the
// other backends; [pl.Workers] and [pl.MaxSize] have no effect.
//
// [pl.Timeout] cancels the function's context. A function that ignores that is waited for, and its
// late result is dropped. The resource is opened once for each run. If a function runs in the
// goroutine of the run's caller and calls runtime.Goexit, that goroutine ends: testing's FailNow
// does what it should.
package serial
