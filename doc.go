// Package pl builds concurrent data pipelines: stages of workers joined by bounded queues, on one of several backends.
//
// A [Stage] describes work that yields values. It begins at a source, such as [From], [Range] or [FromFunc], and each
// operator makes a stage of a stage. The operators that call a user's function are in the packages of the backends,
// thread, task, process and serial, with the same names and signatures in each: Map, Filter, FlatMap and Each. They
// return a [Partial], an operator that still lacks its stage, which [Pipe] supplies:
//
//	stage := pl.Pipe3(pl.FromSlice(urls),
//		thread.Map(fetch, pl.Workers(8), pl.MaxSize(100)),
//		thread.Filter(isGood),
//		pl.Ordered)
//
//	for page, err := range stage.All(ctx) {
//		…
//	}
//
// # Runs
//
// Building a stage starts nothing and reads nothing. Ranging over [Stage.All], or calling [Stage.Collect] or
// [Stage.Run], is a run: it builds the whole pipeline up to its sources, starts the workers, and stops all of them before
// it returns, whether the loop ended, broke, returned or panicked, a function failed, or the context ended. A stage may
// be run many times, also at once; runs share nothing.
//
// Within one run, a stage that is used in several places runs once, and each of its consumers gets every value; one
// whose queue is full holds the others up. [Run] makes one run of several stages.
//
// # Workers and queues
//
// In front of each stage with workers, and in front of the consumer, is a queue. [Workers] says how many values the
// stage works on at once, [MaxSize] how many more its queue may hold; the queue in front of the consumer has the last
// stage's MaxSize. When a queue is full, what comes before it waits, up to the source. Without MaxSize there is no bound:
// then a fast source fills the memory with values that wait.
//
// What a function has yielded can be taken downstream at once, and what waits for a worker can be taken by any other, so
// functions may wait for one another as they may with plain channels.
//
// Sources, operators of this package and those of package serial run in the goroutine of what consumes them, or in one
// of their own where workers follow or several consume them. Such an operator that is given no MaxSize has, in front
// of it, the bound of the stage before it.
//
// # Order
//
// A stage with one worker keeps the order of its values; one with several yields them as they are done. [Ordered]
// restores the order of the source.
//
// # Errors
//
// The first error stops the run and is what the consumer gets, once, as the last pair of the loop; values that were
// under way are dropped. An error of a user's function comes as a [*StageError], which names the stage, the worker and
// the value; a panic in it, or its call of runtime.Goexit, is an error too, a panic with its stack as [*PanicError]. Only
// where a function runs in the caller's own goroutine, as those of package serial may, does Goexit end the caller, after
// all resources have been closed.
// Where the caller's context ends, its cause is the error. [Retry], [OnError] and [Timeout] change what becomes of a
// value that fails.
//
// A mistake in building a pipeline, such as an option out of its range, never panics: the runs of the stage fail before
// any value moves, with an error that says what is allowed.
//
// # Resources
//
// What a worker needs for all its values, a connection or a buffer, is a [Resource]: it is opened when the worker
// starts and closed when it ends, whatever ended it.
//
// # Backends
//
// Changing the backend of a step is changing the package's name. Package thread has goroutines, for nearly
// everything. Package task has thousands of cooperative tasks on one event loop, which share state without locks.
// Package process has subprocesses, which can crash, hang or leak without harm. Package serial has nothing: it runs in
// the consumer's goroutine, for debugging. [Backend] and [NewPartial] are for those who write another.
package pl
