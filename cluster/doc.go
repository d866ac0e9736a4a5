// Package cluster runs a stage's workers on any number of machines: processes of the same program,
// joined by NATS JetStream. Use it for work that one machine is too small for. To use all processors
// of one machine, package thread is enough, and much faster.
//
//	var render = cluster.Map(renderTile, pl.Name("render")) // the same in all programs
//
//	func main() {
//		nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1))
//		…
//		c := cluster.New(nc)
//		if os.Getenv("ROLE") == "worker" {
//			log.Fatal(c.Serve(ctx))
//		}
//		for tile, err := range render(tiles).With(cluster.On(c)).All(ctx) { … }
//	}
//
// Package embed has the server inside, with workers on this machine: nothing needs to be set up
// until there is a second machine.
//
// # The promise
//
// Each value's result reaches the iterator exactly once, as long as the parent lives and some server
// becomes reachable again; the function may run more than once for a value. [ItemID] is the same on
// each attempt: a key for what must not happen twice.
//
// The program that runs the pipeline, the parent, holds what is under way. Workers that die, servers
// that forget and connections that break cost time only. If the parent dies its run is over: workers
// drop it, and what it left on the servers is deleted, when its [Lease] is over.
//
// # Where stages are made
//
// A function cannot travel, so it is registered, as in package process and together with its
// functions: make stages in package-level variables, or in main before Serve, embed.Main and
// process.Main. A worker finds the function by its pl.Name, or else by the package, file and line of
// the call. Give names, since lines move. What must be alike is each function by itself, with its
// types and codec: programs that share some functions can work for each other. Where they differ the
// worker does not take part, and says why in [NoWorkersError]. Another build is a warning in the log.
//
// What a function needs from the run goes with its values; what it needs from its machine, such as a
// connection, is a pl.Resource or the worker's own configuration. A stage refuses process.Setup.
//
// Values, codecs (process.WithCodec), refusals and errors are those of package process: a function's
// error arrives as a *process.RemoteError. The text of StageError.Err names the host and the process
// of the worker, also where it is pl.ErrTimeout, a [PoisonError], or the error of OnStart or OnEnd, so
// look for these with errors.Is and errors.As. StageError.Worker is -1.
//
// # Workers, bounds and batches
//
// pl.Workers is how many values are under way over all machines. If it is not given, that is the
// slots of all workers that fit; see [Slots]. pl.MaxSize counts single values, whatever a message
// holds. A message has as many values as make about ten milliseconds of work. A result leaves before
// the next function begins, or within a millisecond; what waits behind a value that takes longer than
// 50 ms is given to others.
//
// With pl.Workers(1) the order is kept, also where values have to run again: a message is sent when the
// one before it has been dealt with.
//
// # Failures
//
// pl.Timeout abandons a function that ignores its context, as in package thread. It occupies its slot
// until it returns; if all slots of a worker are so occupied, it gets one more. With pl.ByKey its key
// stays busy, and with pl.MaxWeight its weight counts, until it returns, or until nothing has been
// heard of its worker for a [Lease].
//
// pl.Retry tries a value again on any worker. A value whose workers die is tried alone, and fails
// with a [PoisonError] when it has killed as many as [MaxDeliver] says; Retry does not try it again.
// That a worker has died is noticed after a Lease, so give a short one if a crash is likely; of local
// workers, see package embed, it is known at once. Nothing kills a function that never returns: use
// package process for code that may hang.
//
// OnStart is called at most once for each slot and run, when the first value comes; OnEnd when the run
// ends or the worker leaves. The run waits for it up to 5 seconds.
//
// The repository's docs/cluster.md says what a peer in the namespace can do, which permissions a
// parent and a worker need, and how to run workers as a service.
package cluster
