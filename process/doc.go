// Package process runs a stage's workers in subprocesses: pl.Workers processes of the program's own binary, with values
// and results in pipes. Use it for what a program must survive: C libraries that crash, code that never returns,
// memory that is not given back. To compute in parallel, package thread is enough, and faster.
//
// # Where stages are made
//
// A function cannot travel to another process, so a worker runs the same initialisation as the program and finds the
// same function there. Make the stages of this package in package-level variables, or in main before [Main], which is
// main's first line after them:
//
//	var resize = process.Map(resizePicture, pl.Workers(4), pl.Timeout(time.Second))
//
//	func main() {
//		process.Main()
//		…
//	}
//
// Functions may be closures, also over flags: a worker has the program's arguments, environment and working
// directory. What a function is found by is its pl.Name, else the place of the call, the types, and how many stages
// that place made before. A stage made later, one name twice, or a program that does not call Main: the run fails, before a
// process is started, and the error says what to write where. Test binaries need nothing, but only package-level
// variables count there.
//
// Each worker runs the init functions of all packages: keep them light.
//
// # Values
//
// Values and results are copied: by gob in batches, and as they are for []byte and string. Pointers that were equal
// arrive as different ones, and an empty slice or map may arrive as nil, a negative zero in a struct as zero. A type with parts
// that gob would leave out is refused, see [WithCodec]. A value that cannot be encoded or decoded fails alone. A value
// may have 256 MB.
//
// To keep the pipes busy, values are sent to a worker in advance, about a millisecond's work. They still count as queued
// for pl.MaxSize, and go to a worker that has nothing to do if theirs is held up.
//
// # Death
//
// A worker that dies fails the value that it was running, with a *[CrashError], and no other; a new worker takes its
// place. Results that the worker had made but not yet written can be lost with it only where the stage has no
// pl.OnError, since the run fails then anyway, or has pl.Retry, which lets values run twice; their values run again. From outside, by SIGKILL, a worker can
// die between a function's return and the result: without Retry that value fails too. A value that has failed [pl.Retry]
// runs again, in the worker's successor.
//
// Under pl.Timeout a worker is killed with SIGKILL when its value is over its time. OnEnd of a pl.Resource runs in
// every worker that ends in an orderly way, and in none that is killed or crashes. When a run ends early, the context of
// the functions is cancelled; one that runs on for 5 seconds is killed.
//
// When the program dies, even by SIGKILL, its workers go with it. Ctrl-C is left to the program: workers do not hear
// it. A worker's standard input is empty; standard output and standard error are the program's own.
//
// # Errors
//
// An error of a function arrives as a *[RemoteError], its text, and a panic as a *pl.PanicError whose Value is its
// text. errors.Is finds the errors given to [RegisterError].
//
// # Systems
//
// Linux is complete and tested. On macOS and the BSDs the package compiles and lacks tests, [MemoryLimit] has no
// effect, and only a pipe tells the workers that the program is gone, so that code which blocks every thread of the
// Go runtime outlives it. On Windows the runs fail with an error that says so.
//
// Order, errors and the end of a run are as package pl describes them.
package process
