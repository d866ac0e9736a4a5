package otel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/otel"
	"github.com/gopeln/pl/pltest"
	"github.com/gopeln/pl/thread"
)

// recorder returns a provider, and what gives the spans that have ended, by name.
func recorder(t *testing.T) (*sdk.TracerProvider, func() map[string]tracetest.SpanStub) {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(exporter))
	return provider, func() map[string]tracetest.SpanStub {
		t.Helper()
		byName := map[string]tracetest.SpanStub{}
		for _, s := range exporter.GetSpans() {
			require.NotContains(t, byName, s.Name)
			byName[s.Name] = s
		}
		return byName
	}
}

func attributesOf(s tracetest.SpanStub) map[attribute.Key]any {
	all := map[attribute.Key]any{}
	for _, kv := range s.Attributes {
		all[kv.Key] = kv.Value.AsInterface()
	}
	return all
}

func TestARunAndItsStagesAreSpans(t *testing.T) {
	pltest.LeakCheck(t)
	provider, spans := recorder(t)
	tracer := provider.Tracer("test")
	ctx := otel.Trace(t.Context(), provider, otel.Attributes(attribute.String("deployment", "test")))
	ctx, caller := tracer.Start(ctx, "caller") // after Trace: the run is below the span of the context that it is given
	fetch := thread.Map(func(ctx context.Context, v int) (int, error) {
		if v == 3 {
			_, span := tracer.Start(ctx, "GET")
			span.End()
		}
		time.Sleep(time.Millisecond)
		return v, nil
	}, pl.Name("fetch"), pl.Workers(2))
	late := thread.Map(func(_ context.Context, v int) (int, error) {
		if v == 0 {
			time.Sleep(250 * time.Millisecond)
		}
		return v, nil
	}, pl.Name("late"))
	require.NoError(t, pl.Pipe2(pl.Range(10), fetch, late).With(pl.Name("late")).Run(ctx))
	caller.End()
	all := spans()
	require.Len(t, all, 6)
	run, stage, http := all["pipeline late"], all["stage fetch"], all["GET"]
	assert.Equal(t, all["caller"].SpanContext.SpanID(), run.Parent.SpanID())
	assert.Equal(t, run.SpanContext.SpanID(), stage.Parent.SpanID())
	assert.Equal(t, run.SpanContext.SpanID(), all["stage range(10)"].Parent.SpanID())
	assert.Equal(t, stage.SpanContext.SpanID(), http.Parent.SpanID(), "what the function does is below its stage")
	assert.Equal(t, "late", attributesOf(run)["gopeln.pipeline"])
	assert.Equal(t, "Done", attributesOf(run)["gopeln.run.state"])
	assert.Equal(t, "test", attributesOf(run)["deployment"])
	its := attributesOf(stage)
	assert.Equal(t, "late", its["gopeln.pipeline"])
	assert.Equal(t, "fetch", its["gopeln.stage"])
	assert.Equal(t, int64(10), its["gopeln.stage.received"])
	assert.Equal(t, int64(2), its["gopeln.stage.workers"])
	assert.False(t, stage.EndTime.After(run.EndTime))
	assert.Greater(t, run.EndTime.Sub(stage.EndTime), 50*time.Millisecond, "the stage has ended before the run")
	assert.Equal(t, codes.Unset, run.Status.Code)
}

func TestFailuresAreEventsAndTheStatus(t *testing.T) {
	provider, spans := recorder(t)
	boom := errors.New("boom")
	failing := pl.Pipe(pl.Range(3), pltest.Fail[int](boom, 1)).With(pl.Name("fails"))
	require.ErrorIs(t, failing.Run(otel.Trace(t.Context(), provider)), boom)
	all := spans()
	run, stage := all["pipeline fails"], all["stage fails"]
	assert.Equal(t, codes.Error, run.Status.Code)
	assert.Contains(t, run.Status.Description, "boom")
	assert.Equal(t, codes.Error, stage.Status.Code)
	require.Len(t, stage.Events, 1)
	assert.Equal(t, "exception", stage.Events[0].Name)
	assert.Contains(t, stage.Events[0].Attributes[0].Value.AsString(), "boom")
	assert.Equal(t, codes.Unset, all["stage range(3)"].Status.Code)
}

func TestHandledFailuresAreNoErrorOfTheRun(t *testing.T) {
	provider, spans := recorder(t)
	require.NoError(t, crawl().Run(otel.Trace(t.Context(), provider)))
	all := spans()
	assert.Equal(t, codes.Unset, all["pipeline crawl"].Status.Code)
	assert.Equal(t, codes.Unset, all["stage fetch"].Status.Code)
	assert.Len(t, all["stage fetch"].Events, 1)
}

// An exporter of OTLP refuses texts that are not UTF-8, and with them all spans that go along.
func TestNamesAndErrorsOfAnyKindAreText(t *testing.T) {
	provider, spans := recorder(t)
	bad := errors.New("error \xff")
	failing := pl.Pipe2(pl.Range(3).With(pl.Name("source \xfe\x00</script>")), thread.Map(func(_ context.Context, v int) (int, error) { return v, nil }, pl.Name(strings.Repeat("取", 300))),
		pltest.Fail[int](bad, 1)).With(pl.Name("last \xff"))
	require.ErrorIs(t, failing.Run(otel.Trace(t.Context(), provider)), bad)
	all := spans()
	require.Contains(t, all, "stage source \ufffd\x00</script>")
	for name, s := range all {
		texts := []string{name, s.Status.Description}
		for _, e := range append(s.Events, sdk.Event{Attributes: s.Attributes}) {
			for _, a := range e.Attributes {
				texts = append(texts, a.Value.String())
			}
		}
		for _, text := range texts {
			assert.True(t, utf8.ValidString(text), "%q of %q", text, name)
		}
	}
	assert.Contains(t, all["stage last \ufffd"].Status.Description, "error \ufffd")
}

func TestCancelledRunHasItsState(t *testing.T) {
	provider, spans := recorder(t)
	ctx, cancel := context.WithCancel(otel.Trace(t.Context(), provider))
	endless := pl.FromFunc(func(ctx context.Context, _ func(int) bool) error { cancel(); <-ctx.Done(); return nil }).With(pl.Name("endless"))
	require.Error(t, endless.Run(ctx))
	assert.Equal(t, "Cancelled", attributesOf(spans()["pipeline endless"])["gopeln.run.state"])
}

func TestWithoutProviderTheGlobalOneIsUsed(t *testing.T) {
	require.NoError(t, crawl().Run(otel.Trace(t.Context(), nil)))
	require.NoError(t, crawl().Run(otel.Trace(nil, nil, otel.Option{}))) //nolint:staticcheck // a nil context is bad input
}

func ExampleTrace() {
	exporter := tracetest.NewInMemoryExporter() // a program has one that exports
	var provider trace.TracerProvider = sdk.NewTracerProvider(sdk.WithSyncer(exporter))
	ctx := otel.Trace(context.Background(), provider)
	_ = pl.Range(10).With(pl.Name("count")).Run(ctx)
	for _, s := range exporter.GetSpans() {
		fmt.Println(s.Name)
	}
	// Output:
	// stage count
	// pipeline count
}

func ExampleAttributes() {
	exporter := tracetest.NewInMemoryExporter()
	ctx := otel.Trace(context.Background(), sdk.NewTracerProvider(sdk.WithSyncer(exporter)),
		otel.Attributes(attribute.String("job", "nightly")))
	_ = pl.Range(10).With(pl.Name("count")).Run(ctx)
	fmt.Println(exporter.GetSpans()[0].Attributes[1].Value.AsString())
	// Output: nightly
}
