//go:build unix

package embed_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
)

// Speed, on the tests' server with its two local workers. values/s is what counts. Run with
// go test -run ^$ -bench . -benchtime 3x: each iteration is a run of many values.

var (
	addOne = cluster.Map(func(_ context.Context, n int) (int, error) { return n + 1, nil }, pl.Name("addOne"))
	spin   = cluster.Map(func(_ context.Context, n int) (int, error) {
		for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
		}
		return n, nil
	}, pl.Name("spin"))
	doze = cluster.Map(func(_ context.Context, n int) (int, error) {
		time.Sleep(10 * time.Millisecond)
		return n, nil
	}, pl.Name("doze"))
)

func rate(b *testing.B, step pl.Partial[int, int], n int, opts ...pl.Option) {
	b.Helper()
	opts = append(opts, cluster.On(server.Cluster()))
	for b.Loop() {
		got, err := step(pl.Range(n)).With(opts...).Count(b.Context())
		if err != nil || got != n {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "values/s")
}

func BenchmarkInts(b *testing.B) {
	for _, k := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", k), func(b *testing.B) { rate(b, addOne, 20_000*k, cluster.BatchSize(k)) })
		b.Run(fmt.Sprintf("core/batch=%d", k), func(b *testing.B) { core(b, 20_000, k) })
	}
	b.Run("batch=adaptive", func(b *testing.B) { rate(b, addOne, 3_000_000) })
}

// BenchmarkAdaptive compares the adaptive size with fixed ones, for functions that take some time.
func BenchmarkAdaptive(b *testing.B) {
	for name, step := range map[string]pl.Partial[int, int]{"100us": spin, "10ms": doze} {
		n := 10_000
		if name == "10ms" {
			n = 600
		}
		for _, k := range []int{0, 1, 4, 16, 64} {
			b.Run(fmt.Sprintf("%s/batch=%d", name, k), func(b *testing.B) { rate(b, step, n, cluster.BatchSize(k)) })
		}
	}
}

// BenchmarkRoundTrip has one value under way.
func BenchmarkRoundTrip(b *testing.B) {
	call, stop := pl.Func(b.Context(), pl.Partial[int, int](func(s pl.Stage[int]) pl.Stage[int] {
		return addOne(s).With(cluster.On(server.Cluster()))
	}))
	defer stop()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := call(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}

// core moves the same ints by core NATS requests, which promises nothing, between this process and a worker process.
func core(b *testing.B, n, k int) {
	b.Helper()
	s, url := listening(b)
	cast(b, "core", url)
	cast(b, "core", url)
	nc := s.Conn()
	inbox := nats.NewInbox()
	answers := make(chan *nats.Msg, 1024)
	sub, err := nc.ChanSubscribe(inbox, answers)
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Unsubscribe()
	payload := make([]byte, 0, 8*k)
	for i := range k {
		payload = binary.LittleEndian.AppendUint64(payload, uint64(i))
	}
	for b.Loop() {
		for sent, got := 0, 0; got < n; {
			for ; sent < n && sent-got < 256; sent++ {
				if err := nc.PublishRequest(coreSubject, inbox, payload); err != nil {
					b.Fatal(err)
				}
			}
			msg := <-answers
			got++
			for i := 0; i < len(msg.Data); i += 8 {
				_ = binary.LittleEndian.Uint64(msg.Data[i:])
			}
		}
	}
	b.ReportMetric(float64(n*k)*float64(b.N)/b.Elapsed().Seconds(), "values/s")
}

const coreSubject = "bench.core"

// answerCore is a worker of core.
func answerCore(nc *nats.Conn) error {
	_, err := nc.QueueSubscribe(coreSubject, "workers", func(msg *nats.Msg) {
		for i := 0; i < len(msg.Data); i += 8 {
			binary.LittleEndian.PutUint64(msg.Data[i:], binary.LittleEndian.Uint64(msg.Data[i:])+1)
		}
		_ = nc.Publish(msg.Reply, msg.Data)
	})
	if err == nil {
		err = nc.Flush()
	}
	fmt.Println("ready")
	if err == nil {
		select {}
	}
	return err
}
