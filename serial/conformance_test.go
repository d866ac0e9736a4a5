package serial_test

import (
	"testing"

	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
)

var api = backendtest.New(backendtest.Serial, serial.Map, serial.Filter, serial.FlatMap, serial.Each,
	serial.MapWith, serial.FilterWith, serial.FlatMapWith, serial.EachWith).
	Carrying(serial.Map)

func TestConformance(t *testing.T) { backendtest.Run(t, api) }

func TestConformanceObserved(t *testing.T) { backendtest.RunObserved(t, api) }
