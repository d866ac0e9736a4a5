// Package pl builds concurrent data pipelines: stages of workers joined by bounded queues.
//
// A [Stage] describes work that yields values. It begins at a source, such as [From], [Range] or
// [FromFunc], and each operator makes a new stage of one. The operators that call a function of
// yours are Map, Filter, FlatMap and Each. They are in the packages thread, task, process and
// serial, the backends, with the same names and signatures in each, and return a [Partial]: an
// operator that still lacks its stage. [Pipe] supplies it, or the method [Stage.Pipe], which reads
// from left to right:
//
//	pages := pl.Pipe3(pl.FromSlice(urls),
//		thread.Map(fetch, pl.Workers(8), pl.MaxSize(100)),
//		thread.Filter(isGood),
//		pl.Ordered)
//
//	for page, err := range pages.All(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(page.Title)
//	}
//
// # Runs
//
// Building a stage starts nothing and reads nothing. A loop over [Stage.All], [Stage.Collect],
// [Stage.Run] and the other ends, such as [Stage.First] and [Reduce], each make a run: they start
// the workers of the whole pipeline, up to its sources, and stop them all before they return,
// whether the loop ended, broke, returned or panicked, a function failed, or the context ended.
// Only a function that ignores its context can outlive the run, and only if package thread has
// abandoned it after its [Timeout]. A stage can be run many times, also at once; runs share
// nothing.
//
// A stage that is used in several places of one run runs once in it, and each of its consumers gets
// every value. A consumer whose queue is full holds up the others. [Run] makes one run of several
// stages. [Split] sends each value to one of two consumers; [Merge] and [Append] make one stage of
// several.
//
// [Func] is for work that comes in calls: its stages stay, and each call sends one value through
// them and returns what comes of it.
//
// # Workers and queues
//
// There is a queue in front of each stage that has workers, and in front of the consumer. [Workers]
// sets how many values a stage works on at once, [MaxSize] how many more its queue may hold; the
// queue in front of the consumer has the MaxSize of the last stage. When a queue is full, the stage
// before it waits, and so on up to the source. Without MaxSize a queue has no bound: a fast source
// then fills the memory with values that wait. [MaxWeight] bounds their weight, such as bytes, and
// [Limit] how many calls there are in a second.
//
// A result can be taken downstream as soon as a function has yielded it, and a value that waits for
// a worker can be taken by any other worker. So functions may wait for one another, as they may
// with channels.
//
// Sources, the operators of this package and those of package serial run in the goroutine of their
// consumer; in one of their own if the consumer has workers, or if there are several consumers. An
// operator of this kind that is given no MaxSize has the bound of the stage before it.
//
// # Order
//
// A stage with one worker keeps the order of its values. One with several yields them as they are
// done; [Ordered] restores the order of the source, and [OrderedWindow] bounds what waits
// meanwhile. With [ByKey] the values of one key run one after the other, and leave in that order.
//
// # Errors
//
// The first error stops the run. The consumer gets it once, as the last pair of the loop. Of the
// values that are finished by then, those come before it that the consumer has taken, and the full
// slices of a [Batch] whose source has failed; all others are dropped. An error of your function
// comes as a [*StageError], which names the stage, the worker and the value. A panic in it is an
// error too, a [*PanicError] with the stack, and so is a call of runtime.Goexit. Goexit ends the
// caller only if the function runs in the caller's goroutine, as those of package serial may, and
// only after all resources have been closed. If the caller's context ends, the error is its cause.
//
// [Retry], [OnError], [KeepGoing] and [Timeout] change what becomes of a value that fails; those
// that were dropped are the values of [Failures].
//
// A mistake in building a pipeline, such as an option out of its range, never panics: a run of the
// stage fails before any value moves, with an error that says what is allowed.
//
// # Ending early
//
// When the context of a run ends, functions are told by theirs, and what is under way is dropped.
// [Drain] ends it in another way: the sources stop, what has been read is finished, and the run
// ends without an error.
//
// # Resources
//
// A [Resource] is what a worker needs for all its values, such as a connection or a buffer. It is
// opened when the worker starts and closed when the worker ends, whatever ended it.
//
// # Seeing a run
//
// [Stage.Graph] draws a pipeline. [Observe] gives a function each run of a context; its [Stats] say
// how far it is, what each stage does with its time, and, as a [Verdict], what limits it.
//
// # Backends
//
// Changing the backend of a step is changing the name of the package. Package thread runs functions
// on goroutines, and is right for nearly everything. Package task runs thousands of cooperative
// tasks on one event loop; they share state without locks. Package process runs functions in
// subprocesses, which can crash, hang or leak without harm. Package serial runs them in the
// consumer's goroutine, for debugging.
//
// # For authors of backends
//
// Users of the backends need nothing of this section. A stage is an operator on a backend with
// settings, and none of the three knows the others. An operator is an [Operation]: its [Opener]
// makes a [Kernel] for each worker. The engine wraps the kernel in a typed loop, which takes
// values, calls the kernel and hands its results on, and hides that loop behind [Worker]. A
// [Backend] decides what the loop runs on, and never sees a value. [NewPartial] joins the three.
//
//   - [Site] is one stage in one run, as a backend sees it; [SiteFrom] finds it in a context.
//   - [Seat] is how a worker waits, and what surrounds each call.
//   - [NewDriven] is for a backend that sends values elsewhere and has several of them under way at
//     once: its [Ports] and [Port] hand out each [Item], and [Decision] says what becomes of one
//     that failed. [Results] says how many results a value can have.
//   - [NewInline] makes an operator without workers.
//   - [Attach] makes an option of the backend's own, [Given] reads one before a run, [Site.Setting]
//     in it. [WithWorker] and [WithStatus] make contexts that [WorkerFrom] and [StatusFrom]
//     understand.
package pl
