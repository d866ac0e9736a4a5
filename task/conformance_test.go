package task_test

import (
	"testing"

	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/task"
)

var api = backendtest.New(backendtest.Task(task.Sleep, task.Await[int]), task.Map, task.Filter, task.FlatMap, task.Each,
	task.MapWith, task.FilterWith, task.FlatMapWith, task.EachWith).
	Carrying(task.Map)

func TestConformance(t *testing.T) { backendtest.Run(t, api) }

func TestConformanceObserved(t *testing.T) { backendtest.RunObserved(t, api) }
