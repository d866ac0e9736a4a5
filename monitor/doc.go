// Package monitor shows runs while they go on and when they have ended: in the terminal, in a
// browser, in a file to send to a colleague, in the log, and to a metrics system. Each view names
// the stage that is the bottleneck.
//
//	ctx = monitor.Progress(ctx)           // a live view on stderr
//	ctx = monitor.Report(ctx, "run.html") // a file, when the run has ended
//	err := stage.Run(ctx)
//
// Each of these functions takes a context and returns one. Every run that is given the new context
// is watched, and so is every run that a function of such a run starts with its own context;
// nothing needs to be closed. They chain in any order. A run that is not watched pays nothing for
// this package.
//
// A [Monitor] is for programs that stay up: an [net/http.Handler] with a page, the figures as JSON,
// and metrics.
//
//	m := monitor.New()
//	mux.Handle("/debug/pl/", http.StripPrefix("/debug/pl", m))
//	...
//	err := stage.Run(m.Watch(ctx))
//
// # What a view cannot do
//
// A view never changes what it shows. A terminal that is gone, a report that cannot be written, a
// browser that is slow: the run has the results and the error that it would have without them. What
// went wrong with a view is logged once, by the default logger of package log/slog, and the view is
// given up.
//
// # What a view shows
//
// A run is called what [pl.Name] calls its last stage, or else as the function that consumes it. So
// runs of one pipeline have one name: views number them, and say when each started. One whose
// consumer has left, or that was drained, is not shown as done but as stopped early, or drained, and
// where that was.
//
// The figures are those of pl.Stats. The verdict is that of [pl.Stats.Verdict]: of a run under way,
// about the last half minute, and steady, so that a name does not change from one second to the
// next; of one that has ended, about the whole. Names of stages, pipelines and programs are shown
// to anyone who can see the view; values of a stage's functions only with [Values]. Serve a Monitor
// where net/http/pprof would be served.
package monitor
