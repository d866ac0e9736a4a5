// Package pltest helps to test pipelines: it runs a step, injects faults into one, and checks that
// a run has left nothing behind.
//
//	func TestImportSurvivesABadRow(t *testing.T) {
//		pltest.LeakCheck(t)
//		step := pl.Compose(pltest.Fail[Row](errBad, 3), importRow) // the fourth row fails
//		got := pltest.Collect(t, step, rows...)
//		...
//	}
//
// # Testing a pipeline
//
// Build pipelines by functions that take their stages' options, or their backend, so that a test
// can run them on package serial: in order, in one goroutine, with a stack trace that leads through
// every step. In a bubble of testing/synctest a pipeline of the backends serial, thread and task
// runs in virtual time: timeouts, waits of pl.Retry and [Delay] cost nothing and are exact, and a
// run that hangs fails at once. [Fail], [Panic] and [Delay] may stand anywhere in a pipeline, so
// that any step can be tested with such faults before it or behind it.
package pltest
