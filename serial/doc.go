// Package serial runs a stage in the goroutine of its consumer, one value at a time, in order, without a goroutine of
// its own: for debugging, since a stack trace leads from the loop through every function, and as the reference in
// tests. It takes the same options as the other backends; pl.Workers and pl.MaxSize mean nothing to it.
//
// pl.Timeout cancels the function's context, and a function that ignores that is waited for; what it returns late is
// dropped. The resource is opened once for each run. runtime.Goexit in a function ends the caller of the run, if it runs
// there: testing's FailNow does what it should.
package serial
