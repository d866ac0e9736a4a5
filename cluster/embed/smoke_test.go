package embed_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
)

var double = cluster.Map(func(_ context.Context, n int) (int, error) { return 2 * n, nil }, pl.Name("double"))

func TestMain(m *testing.M) {
	embed.Main()
	os.Exit(m.Run())
}

func TestSmoke(t *testing.T) {
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { t.Log(s.Close()) }()
	for _, n := range []int{10, 1000, 1_000_000} {
		start := time.Now()
		sum, count := 0, 0
		for v, err := range double(pl.Range(n)).With(cluster.On(s.Cluster()), cluster.WaitWorkers(5*time.Second)).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			sum += v
			count++
		}
		t.Log(n, count, sum, time.Since(start))
	}
}
