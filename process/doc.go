// Package process runs a stage's workers in subprocesses: pl.Workers processes of the program's own
// binary, with values and results in pipes. Use it for what a program must survive: C libraries
// that crash, code that never returns or that leaks memory. To compute in parallel,
// package thread is enough, and faster.
//
// # Where stages are made
//
// A function cannot travel to another process, so a worker runs the same initialisation as the
// program and finds the same function there. Make the stages of this package in package-level
// variables, or in main before [Main], which is main's first line after them:
//
//	var resize = process.Map(resizePicture, pl.Workers(4), pl.Timeout(time.Second))
//
//	func main() {
//		process.Main()
//		…
//	}
//
// A function is found by its pl.Name, or else by the place of the call, the types, and how many
// stages that place made before. A stage that is made later, a name that is used twice, or a
// program that does not call Main fails the run before any source is read, and the error says what
// to write where. Test binaries need nothing, but only package-level variables count there.
//
// Functions may be closures, also over flags: a worker has the program's arguments, environment and
// working directory. But it has only what its own initialisation makes: a variable that the program
// sets after Main, as from a configuration file, has its old value in the workers, and nothing can
// tell. Give such a value with [Setup], which hands it to each worker when it starts.
//
// Each worker runs the init functions of all packages: keep them light.
//
// # Values
//
// Values and results are copied. Types of numbers, strings, slices, arrays, structs, pointers, maps
// and types that encode themselves (GobEncoder, encoding.BinaryMarshaler) travel piece by piece;
// types with interfaces inside travel by gob, in which what an interface holds must be given to
// gob.Register. Pointers that were equal arrive as different ones, and an empty slice or map may
// arrive as nil. A type with parts that would be left out is refused, see [WithCodec].
//
// A time.Time arrives equal, with its location, but without its monotonic reading; it fails if its
// location cannot be loaded by name. A url.URL arrives equal. In an interface, where gob would
// carry less, those that would change fail.
//
// A value that cannot be encoded or decoded fails alone, as does one over 256 MB. Methods that
// encode may panic or end their goroutine; that is a failure of the value too.
//
// To keep the pipes busy, values are sent to a worker in advance, about a millisecond's work. They
// still count as queued for pl.MaxSize, and go to a worker that has nothing to do if theirs is held
// up.
//
// # Contexts
//
// A function's context ends when the run does, with its cause, and tells the run's deadline, and
// that of pl.Timeout if yield cannot move it. Values in the run's context stay in the program: only
// pl.WorkerFrom and pl.StatusFrom work. Send what a function needs with the value, or by [Setup].
//
// # Death
//
// A worker that dies fails the value that it was running, with a *[CrashError], and no other; a new
// worker takes its place, and under [pl.Retry] it runs that value again. Values that were sent and
// had not begun go to it, or to another.
//
// To be fast, a worker writes cheap results together, within a millisecond. If a crash could make
// the consumer miss some of them, under [pl.OnError] without Retry, it writes each before it begins
// the next value. With Retry, the values of lost results run again. Only a signal from outside can
// hit a worker between a function's return and its result: without Retry that value fails too.
//
// Under pl.Timeout a worker is killed with SIGKILL when its value is over its time. OnEnd of a
// pl.Resource runs in every worker that ends in an orderly way, and in none that is killed or
// crashes. When a run ends early, the context of the functions is cancelled; a function, an OnStart
// or a method that encodes is killed if it runs on for 5 seconds.
//
// When the program dies, even by SIGKILL, its workers die too. SIGINT, SIGTERM and SIGHUP, which a
// terminal, systemd or timeout(1) may send to the whole process group, are left to the program:
// workers ignore them, so that the program can finish what is under way. A worker's standard input
// is empty, its standard output is the program's own, and its standard error goes where [Stderr]
// says, by default to the program's, line by line.
//
// # Errors
//
// An error of a function arrives as a *[RemoteError], its text, and a panic as a *pl.PanicError
// whose Value is its text. errors.Is finds the errors given to [RegisterError].
//
// # Systems
//
// Linux is complete and tested. On macOS and the BSDs the package compiles and lacks tests,
// [MemoryLimit] has no effect, long []byte and string values take the pipes instead of shared
// memory, and only a pipe tells the workers that the program is gone, so that code which blocks
// every thread of the Go runtime outlives it. Elsewhere, as on Windows, Plan 9 and WebAssembly, the
// package compiles, and runs fail before any source is read with an error that says so.
//
// Order, errors and the end of a run are as package pl describes them.
package process
