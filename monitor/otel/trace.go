package otel

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/totals"
)

// Trace returns a context whose runs are traced by tp, or by the global provider if tp is nil. A
// run is a span below that of the context it is given, and each of its stages a span below the
// run's, from the start to the last time that a value moved, to about a tenth of a second. Spans
// that a stage's function makes with its context, as those of HTTP clients, lie below the stage's;
// not so in subprocesses. At their end the spans get the figures as attributes, and while the run
// goes on those of stages get an event for a failure, at most 20 each.
func Trace(ctx context.Context, tp trace.TracerProvider, opts ...Option) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	if tp == nil {
		tp = otel.GetTracerProvider()
	}
	var o options
	for _, opt := range opts {
		if opt.set != nil {
			opt.set(&o)
		}
	}
	tracer := tp.Tracer(scope)
	return pl.Observe(ctx, func(run *pl.RunInfo) func(error) {
		t := newTrace(run, tracer, o)
		run.Enclose(t.enclose)
		return t.follow()
	})
}

// Option is a setting of [Trace]. The zero Option sets nothing.
type Option struct{ set func(*options) }

type options struct{ attributes []attribute.KeyValue }

// Attributes adds attributes to the spans of runs and stages.
func Attributes(attributes ...attribute.KeyValue) Option {
	return Option{func(o *options) { o.attributes = append(o.attributes, attributes...) }}
}

// runTrace is the spans of one run.
type runTrace struct {
	run    *pl.RunInfo
	span   trace.Span
	stages []stageTrace // as Graph.Nodes
}

// stageTrace is the span of one stage.
type stageTrace struct {
	span   trace.Span
	seen   pl.StageStats // at the last look
	moved  time.Time     // when a value was last seen to have moved
	events int           // for failures
}

const (
	lookEvery  = 100 * time.Millisecond
	mostEvents = 20
)

func newTrace(run *pl.RunInfo, tracer trace.Tracer, o options) *runTrace {
	s := run.Stats()
	its := append([]attribute.KeyValue{text(pipelineKey, s.Name)}, o.attributes...)
	ctx, span := tracer.Start(run.Context(), "pipeline "+totals.Valid(s.Name), trace.WithTimestamp(s.Started), trace.WithAttributes(its...))
	t := &runTrace{run: run, span: span}
	for _, n := range run.Graph().Nodes {
		_, span := tracer.Start(ctx, "stage "+totals.Valid(n.Name), trace.WithTimestamp(s.Started), trace.WithAttributes(its...),
			trace.WithAttributes(text(stageKey, n.Name), backendKey.String(n.Backend), workersKey.Int(n.Workers)))
		t.stages = append(t.stages, stageTrace{span: span, moved: s.Started})
	}
	return t
}

// enclose puts what a stage's function does below the stage's span.
func (t *runTrace) enclose(ctx context.Context, stage pl.Node) context.Context {
	return trace.ContextWithSpan(ctx, t.stages[stage.ID].span)
}

// follow looks at the run until it ends. The goroutine belongs to the run.
func (t *runTrace) follow() (ended func(error)) {
	over := make(chan struct{})
	var looks sync.WaitGroup
	looks.Go(func() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				t.look(t.run.Stats())
			case <-over:
				return
			}
		}
	})
	return func(error) {
		close(over)
		looks.Wait()
		t.end(t.run.Stats())
	}
}

// look notes which stages have moved, and what has failed.
func (t *runTrace) look(now pl.Stats) {
	at := now.Started.Add(now.Elapsed)
	for i := range t.stages {
		t.stages[i].look(&now.Stages[i], at)
	}
}

func (t *stageTrace) look(now *pl.StageStats, at time.Time) {
	if now.In != t.seen.In || now.Out != t.seen.Out || now.Dropped != t.seen.Dropped || now.Failed != t.seen.Failed {
		t.moved = at
	}
	if now.Failed != t.seen.Failed && now.Err != "" && t.events < mostEvents {
		t.events++
		t.span.AddEvent("exception", trace.WithTimestamp(at), trace.WithAttributes(text(messageKey, now.Err)))
	}
	t.seen = *now
}

func (t *runTrace) end(last pl.Stats) {
	t.look(last)
	for i := range t.stages {
		t.stages[i].end()
	}
	t.span.SetAttributes(runStateKey.String(last.State.String()), text(verdictKey, last.Verdict().String()))
	if last.State == pl.Failed {
		t.span.SetStatus(codes.Error, totals.Valid(last.Err))
	}
	t.span.End(trace.WithTimestamp(last.Started.Add(last.Elapsed)))
}

func (t *stageTrace) end() {
	s := &t.seen
	t.span.SetAttributes(
		count("gopeln.stage.received", s.In), count("gopeln.stage.emitted", s.Out), count("gopeln.stage.filtered", s.Filtered),
		count("gopeln.stage.dropped", s.Dropped-min(s.Filtered, s.Dropped)), count("gopeln.stage.failed", s.Failed),
		count("gopeln.stage.retried", s.Retried),
		seconds("gopeln.stage.busy", s.Busy), seconds("gopeln.stage.starved", s.Starved),
		seconds("gopeln.stage.blocked", s.Blocked), seconds("gopeln.stage.awaiting", s.Awaiting),
	)
	if s.Failed > 0 && s.Failed != s.Dropped-min(s.Filtered, s.Dropped) { // not all of them have been handled
		t.span.SetStatus(codes.Error, totals.Valid(s.Err))
	}
	t.span.End(trace.WithTimestamp(t.moved))
}

func count(key attribute.Key, n uint64) attribute.KeyValue { return key.Int64(int64(n)) }

// text is an attribute with what a user calls something.
func text(key attribute.Key, value string) attribute.KeyValue { return key.String(totals.Valid(value)) }

func seconds(key attribute.Key, d time.Duration) attribute.KeyValue { return key.Float64(d.Seconds()) }
