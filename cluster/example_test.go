package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
)

// The examples' stages, the same in all programs. Examples that run, with the server inside, are those of package embed.
var (
	length = cluster.Map(func(_ context.Context, word string) (int, error) {
		return len(word), nil
	}, pl.Name("length"))
	long = cluster.Filter(func(_ context.Context, word string) (bool, error) {
		return len(word) > 3, nil
	}, pl.Name("long"))
	words = cluster.FlatMap(func(_ context.Context, line string, yield func(string) bool) error {
		for word := range strings.FieldsSeq(line) {
			if !yield(word) {
				break
			}
		}
		return nil
	}, pl.Name("words"))
	charge = cluster.Each(func(ctx context.Context, cents int) error {
		return pay(ctx, cluster.ItemID(ctx), cents)
	}, pl.Name("charge"))
)

// pay stands for a service that does once what is asked of it twice with one key.
func pay(_ context.Context, key string, cents int) error {
	log.Print(key, " pays ", cents)
	return nil
}

// prefix is opened once in each slot.
var prefix = pl.OnStart(func(context.Context) (string, error) { return "item-", nil })

var (
	labelled = cluster.MapWith(prefix, func(_ context.Context, prefix string, n int) (string, error) {
		return fmt.Sprint(prefix, n), nil
	}, pl.Name("labelled"))
	prefixed = cluster.FilterWith(prefix, func(_ context.Context, prefix, word string) (bool, error) {
		return strings.HasPrefix(word, prefix), nil
	}, pl.Name("prefixed"))
	several = cluster.FlatMapWith(prefix, func(_ context.Context, prefix string, n int, yield func(string) bool) error {
		for i := range n {
			if !yield(fmt.Sprint(prefix, i)) {
				break
			}
		}
		return nil
	}, pl.Name("several"))
	announce = cluster.EachWith(prefix, func(_ context.Context, prefix, word string) error {
		log.Print(prefix, word)
		return nil
	}, pl.Name("announce"))
)

// connect is what each program does first.
func connect() (*cluster.Cluster, func()) {
	nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	return cluster.New(nc), nc.Close
}

// A program is a worker, or the parent of a run.
func ExampleNew() {
	nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	c := cluster.New(nc)
	if os.Getenv("ROLE") == "worker" {
		log.Fatal(c.Serve(context.Background()))
	}
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c)).Collect(context.Background()))
}

// A worker leaves in an orderly way when systemd or a container's host tells it to.
func ExampleCluster_Serve() {
	c, disconnect := connect()
	defer disconnect()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.Serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// A worker whose functions wait most of the time has more slots than processors.
func ExampleSlots() {
	c, disconnect := connect()
	defer disconnect()
	log.Fatal(c.Serve(context.Background(), cluster.Slots(64)))
}

// Two teams share a server and do not see each other.
func ExampleNamespace() {
	nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	c := cluster.New(nc, cluster.Namespace("billing"))
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c)).Collect(context.Background()))
}

func ExampleOn() {
	c, disconnect := connect()
	defer disconnect()
	for n, err := range length(pl.From("a", "bb")).With(cluster.On(c)).All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(n)
	}
}

func ExampleMap() {
	c, disconnect := connect()
	defer disconnect()
	lengths := pl.Ordered(length(pl.From("a", "bb", "ccc")).With(cluster.On(c)))
	fmt.Println(lengths.Collect(context.Background()))
}

func ExampleFilter() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(long(pl.From("a", "long", "word")).With(cluster.On(c)).Collect(context.Background()))
}

func ExampleFlatMap() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(words(pl.From("to be or", "not to be")).With(cluster.On(c)).Collect(context.Background()))
}

func ExampleEach() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(charge(pl.From(100, 250)).With(cluster.On(c)).Run(context.Background()))
}

func ExampleMapWith() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(labelled(pl.Range(3)).With(cluster.On(c)).Collect(context.Background()))
}

func ExampleFilterWith() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(prefixed(pl.From("item-1", "other")).With(cluster.On(c)).Collect(context.Background()))
}

func ExampleFlatMapWith() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(several(pl.From(1, 2)).With(cluster.On(c)).Collect(context.Background()))
}

func ExampleEachWith() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(announce(pl.From("a", "b")).With(cluster.On(c)).Run(context.Background()))
}

// The function of the stage charge, which pays with the value's identity as the key, pays once however often it runs.
func ExampleItemID() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(charge(pl.From(100, 250)).With(cluster.On(c)).Run(context.Background()))
}

// The values of a machine that has died begin elsewhere after five seconds.
func ExampleLease() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c), cluster.Lease(5*time.Second)).Collect(context.Background()))
}

// A value that makes workers crash is dropped after two of them.
func ExampleMaxDeliver() {
	c, disconnect := connect()
	defer disconnect()
	handler := pl.OnError(func(_ context.Context, e *pl.StageError) error {
		if poison, ok := errors.AsType[*cluster.PoisonError](e); ok {
			log.Printf("%v began %d times: dropped", e.Item, poison.Deliveries)
			return nil
		}
		return e
	})
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c), cluster.MaxDeliver(2), handler).Collect(context.Background()))
}

// Each value travels alone.
func ExampleBatchSize() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c), cluster.BatchSize(1)).Collect(context.Background()))
}

// A program with little memory holds at most a mebibyte of values.
func ExampleMaxBytes() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c), cluster.MaxBytes(1<<20)).Collect(context.Background()))
}

// The stream of work outlives the loss of one of three servers.
func ExampleReplicas() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c), cluster.Replicas(3)).Collect(context.Background()))
}

// Servers with little memory keep what is under way on disk.
func ExampleOnDisk() {
	c, disconnect := connect()
	defer disconnect()
	fmt.Println(length(pl.From("a", "bb")).With(cluster.On(c), cluster.OnDisk()).Collect(context.Background()))
}

// A program that should not wait says soon that there are no workers, and why.
func ExampleWaitWorkers() {
	c, disconnect := connect()
	defer disconnect()
	_, err := length(pl.From("a", "bb")).With(cluster.On(c), cluster.WaitWorkers(time.Second)).Collect(context.Background())
	if none, ok := errors.AsType[*cluster.NoWorkersError](err); ok {
		log.Printf("none within %v: %q", none.Waited, none.Reasons)
	}
}
