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

func TestConformance(t *testing.T) { backendtest.Run(t, api, themes()...) }

func TestConformanceObserved(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes once more")
	}
	backendtest.RunObserved(t, api)
}

// themes are those of the suite that run without an observer; nil is all. Theme Times waits for
// seconds to compare times, which are what they are whatever compiled the program. Under the race
// detector a worker takes long to start, and what runs observed is not repeated.
func themes() []string {
	switch {
	case raceBuild && !testing.Short():
		return backendtest.Except(append(backendtest.ObservedInRealTime, "Times")...)
	case raceBuild, testing.Short():
		return backendtest.Except("Times")
	}
	return nil
}

func init() { process.RegisterError(backendtest.ErrBroken) }
