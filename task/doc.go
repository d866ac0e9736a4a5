// Package task runs a stage's values as tasks on an event loop, as asyncio does in Python. Many
// values are under way at once, but one task runs at a time, and it lets others run only when it
// awaits. So the functions of all task stages of a run may share a map or a counter without a lock.
// Use it for functions that mostly wait: requests, queries, timers.
//
// # Awaiting
//
// [Sleep], [Yield], [Await], [Gather] and [Semaphore.Acquire], and requests made with [Transport],
// let other tasks run until they have what they wait for. Each takes the context that the function
// got, or one derived from it, and returns that context's error at once when it ends. In other
// backends, and anywhere with a plain context, they just do the work. So a function that uses them
// runs in any backend.
//
// Only the goroutine that the function runs on may await with its context, and only until the
// function returns. A later call, or one by another goroutine, returns an error. Without the race
// detector, a call by another goroutine is not always noticed: a goroutine of your own, or of an
// errgroup, that awaits while the function waits for it in another way can make two tasks run at
// once. To run something beside the function, use [Gather].
//
// The same holds for the yield of a FlatMap. Children of Gather, and functions that are awaited,
// return their results to the function, which yields them. A yield of their own panics, and the
// panic is the error of the child.
//
// # What holds the loop
//
// A function that blocks without awaiting, or computes for long, holds up all tasks of the run.
// After 100 ms a warning in log/slog names it and shows its stack, at most once a minute for each
// stage. Call what blocks with [Await], give the stage [Blocking], or run it on package thread.
// OnStart, OnEnd and an OnError handler run on the loop too, but outside a task.
//
// Do not hold runtime.LockOSThread across an await, and do not await in a function that C has
// called: the Go runtime ends the program. The function that Await calls may do both, if it unlocks
// the thread before it returns.
//
// # Workers
//
// pl.Workers is the number of values under way. A worker costs nothing until all others wait. The
// stage opens one resource, which its tasks share. With [Loops] there are several loops with a
// resource each, and only tasks of the same loop exclude each other. A FlatMap that waits in yield
// is under way too, while others run.
//
// Tasks that poll do not keep values from beginning, however many they are, and values that begin
// do not keep tasks from going on: of the tasks that the loop resumes, at least one in 64 begins a
// value, if there is one and a worker for it.
//
// Under pl.Timeout, a task that waits is woken when its time is over. A function that ignores its
// context, and holds the loop, cannot be ended. A call that it awaits is abandoned.
//
// Order, errors and the end of a run are as package pl describes them.
package task
