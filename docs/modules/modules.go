// Package modules lists what code in the documents needs beyond this module: the nested modules,
// and other libraries that recipes show. The tests of the documents compile such code in a copy of
// this module.
package modules

import (
	_ "github.com/failsafe-go/failsafe-go/circuitbreaker"
	_ "github.com/failsafe-go/failsafe-go/hedgepolicy"
	_ "github.com/gopeln/pl"
	_ "github.com/gopeln/pl/cluster/embed"
	_ "github.com/gopeln/pl/monitor/otel"
	_ "github.com/gopeln/pl/monitor/prom"
	_ "github.com/nats-io/nats.go"
)
