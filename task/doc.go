// Package task runs a stage's values as tasks on an event loop, as asyncio does in Python: many values are under way at
// once, one task runs at a time, and a task gives way to the others only where it awaits. So the functions of all task
// stages of a run may share a map or a counter without a lock. Use it for functions that mostly wait: requests,
// queries, timers.
//
// # Awaiting
//
// [Sleep], [Yield], [Await], [Gather] and [Semaphore.Acquire], and requests made with [Transport], give the loop up until
// there is something to go on with. Each takes the context that the function got, or one derived from it, and returns its error at once
// when that ends. In other backends, and anywhere with a plain context, they just do the work, so a function that uses
// them runs in any backend.
//
// Await belongs to the goroutine that the function runs on, before it returns. Called later, or, as far as can be
// told, by another goroutine, it is an error; with the race detector on, it can always be told. Without it, a goroutine of
// your own, or of an errgroup, that awaits while the function waits for it in a way other than these makes two tasks run at
// once: tasks exclude each other no longer. Let [Gather] start what shall run beside the function.
//
// So is a FlatMap's yield: children of Gather, and what is awaited, return their results to the function, and that yields
// them. Else their yield panics, which is the error of the child.
//
// # What holds the loop
//
// A function that blocks without awaiting, or computes for long, holds up all tasks of the run. After 100 ms a warning
// names it, with its stack, through log/slog; for each stage at most once a minute. Call what blocks with [Await], give
// the stage [Blocking], or run it on package thread. OnStart, OnEnd and an OnError handler run on the loop too, and are
// outside a task.
//
// Never hold runtime.LockOSThread across an await, nor await in a function that C has called: the Go runtime ends the
// program. Inside Await's function both are fine, if it unlocks the thread before it returns.
//
// # Workers
//
// pl.Workers is the number of values under way; a worker costs nothing until all others are waiting. The stage opens
// one resource, which its tasks share. With [Loops] there are several loops with a resource each, and only tasks of
// the same loop exclude each other. A FlatMap that waits in yield is under way too, while others run.
//
// Under pl.Timeout, a task that waits is woken at once. A function that ignores its context, and holds the loop, cannot
// be ended; a call that it awaits is left to itself.
//
// Order, errors and the end of a run are as package pl describes them.
package task
