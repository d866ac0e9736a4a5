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
// Values and results are copied: []byte and string as they are; what is made of numbers, strings, slices, arrays and
// structs only, piece by piece; everything else by gob, in batches. So pointers that were equal arrive as different ones,
// an empty slice or map may arrive as nil, and, beside maps or pointers, a negative zero as zero. A type with
// parts that gob would leave out is refused, see [WithCodec]. A value that cannot be encoded or decoded fails alone, as
// does one over 256 MB.
//
// To keep the pipes busy, values are sent to a worker in advance, about a millisecond's work. They still count as queued
// for pl.MaxSize, and go to a worker that has nothing to do if theirs is held up.
//
// # Death
//
// A worker that dies fails the value that it was running, with a *[CrashError], and no other; a new worker takes its
// place, and under [pl.Retry] it runs that value again. Values that were sent and had not begun go to it, or to another.
//
// To be fast, a worker writes cheap results together, within a millisecond. Where a crash could make some of them
// be missed, under [pl.OnError] without Retry, it writes each before it begins the next value. With Retry, the values of
// lost results run again. Only a signal from outside can hit a worker between a function's return and its
// result: without Retry that value fails too.
//
// Under pl.Timeout a worker is killed with SIGKILL when its value is over its time. OnEnd of a pl.Resource runs in
// every worker that ends in an orderly way, and in none that is killed or crashes. When a run ends early, the context of
// the functions is cancelled; one that runs on for 5 seconds is killed, and so is an OnStart.
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
// effect, long []byte and string values take the pipes instead of shared memory, and only a pipe tells the workers that
// the program is gone, so that code which blocks every thread of the Go runtime outlives it. On Windows the runs fail
// with an error that says so.
//
// Order, errors and the end of a run are as package pl describes them.
package process
