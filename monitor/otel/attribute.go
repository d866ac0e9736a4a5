package otel

import (
	"go.opentelemetry.io/otel/attribute"

	"github.com/gopeln/pl/monitor/internal/totals"
)

const (
	pipelineKey = attribute.Key("gopeln.pipeline")
	stageKey    = attribute.Key("gopeln.stage")
	stateKey    = attribute.Key("gopeln.worker.state")
	outcomeKey  = attribute.Key("gopeln.run.outcome") // done, failed or cancelled
	reasonKey   = attribute.Key("gopeln.discard.reason")
	rerunKey    = attribute.Key("gopeln.rerun.reason") // redelivered or resubmitted
	backendKey  = attribute.Key("gopeln.stage.backend")
	workersKey  = attribute.Key("gopeln.stage.workers")
	runStateKey = attribute.Key("gopeln.run.state")
	verdictKey  = attribute.Key("gopeln.verdict")
	messageKey  = attribute.Key("exception.message")
)

func stageAttributes(s *totals.Stage) []attribute.KeyValue {
	return []attribute.KeyValue{pipelineKey.String(s.Pipeline), stageKey.String(s.Name)}
}
