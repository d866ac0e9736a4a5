// Package otel gives runs to OpenTelemetry: [Metrics] of the runs that a monitor watches, and
// [Trace], a span for each run and each of its stages.
//
//	stop, err := otel.Metrics(m, nil) // nil: the global provider
//	...
//	ctx = otel.Trace(m.Watch(ctx), nil)
//	err := stage.Run(ctx)
//
// Attributes are gopeln.pipeline, the name of the run, gopeln.stage, that of a stage, and
// gopeln.worker.state, what workers do with their time. The conventions for messaging are not used:
// they are made for brokers.
package otel

// scope names the instruments and spans of this package.
const scope = "github.com/gopeln/pl/monitor/otel"
