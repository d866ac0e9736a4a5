//go:build unix

package process_test

import (
	"testing"

	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/process"
)

var api = backendtest.New(backendtest.Process, process.Map, process.Filter, process.FlatMap, process.Each,
	process.MapWith, process.FilterWith, process.FlatMapWith, process.EachWith).
	Carrying(process.Map)

func TestConformance(t *testing.T) { backendtest.Run(t, api) }

func TestConformanceObserved(t *testing.T) { backendtest.RunObserved(t, api) }

func init() { process.RegisterError(backendtest.ErrBroken) }
