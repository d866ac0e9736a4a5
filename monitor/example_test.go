package monitor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/thread"
)

// A server shows its runs below /debug/pl/.
func ExampleNew() {
	m := monitor.New()
	mux := http.NewServeMux()
	mux.Handle("/debug/pl/", http.StripPrefix("/debug/pl", m))

	square := thread.Map(pl.Lift(func(v int) int { return v * v }), pl.Name("square"))
	if _, err := pl.Pipe(pl.Range(10), square).Collect(m.Watch(context.Background())); err != nil {
		fmt.Println(err)
	}

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pl/", nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `data-stage="square"`))
	// Output: 200 true
}

func ExampleMonitor_Watch() {
	m := monitor.New()
	ctx := m.Watch(context.Background())
	fmt.Println(pl.Range(10).Run(ctx), len(m.Stats()))
	// Output: <nil> 1
}

func ExampleMonitor_Stats() {
	m := monitor.New()
	_ = pl.Range(10).Run(m.Watch(context.Background()))
	for _, s := range m.Stats() {
		fmt.Println(s.State, s.Stages[0].Name, s.Stages[0].Out)
	}
	// Output: Done range(10) 10
}

func ExampleMonitor_ServeHTTP() {
	m := monitor.New()
	_ = pl.Range(10).Run(m.Watch(context.Background()))
	server := httptest.NewServer(m)
	defer server.Close()

	r, err := http.Get(server.URL + "/json")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Body.Close()
	var runs []struct {
		State   pl.RunState
		Verdict pl.Verdict
	}
	fmt.Println(json.NewDecoder(r.Body).Decode(&runs), runs[0].State, runs[0].Verdict.Kind)
	// Output: <nil> Done WarmingUp
}

func ExampleReport() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "run.html")

	ctx := monitor.Report(context.Background(), file)
	fmt.Println(pl.Range(10).Run(ctx))

	_, err = os.Stat(file)
	fmt.Println("written:", err == nil)
	// Output:
	// <nil>
	// written: true
}

// Values may be secret: they are shown only if they are asked for.
func ExampleValues() {
	m := monitor.New(monitor.Values(func(v any) string { return fmt.Sprint("order ", v) }))
	_ = thread.Map(pl.Lift(func(v int) int { return v }))(pl.Range(1)).Run(m.Watch(context.Background()))
	fmt.Println(m.Stats()[0].Stages[1].Slowest[0].Value)
	// Output: order 0
}

func ExampleEvery() {
	m := monitor.New(monitor.Every(5 * time.Second)) // the page asks for news every five seconds
	fmt.Println(len(m.Stats()))
	// Output: 0
}
