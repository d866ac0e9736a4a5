package thread_test

import (
	"testing"

	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/thread"
)

var api = backendtest.New(backendtest.Thread, thread.Map, thread.Filter, thread.FlatMap, thread.Each,
	thread.MapWith, thread.FilterWith, thread.FlatMapWith, thread.EachWith).
	Carrying(thread.Map)

func TestConformance(t *testing.T) { backendtest.Run(t, api) }

func TestConformanceObserved(t *testing.T) { backendtest.RunObserved(t, api) }
