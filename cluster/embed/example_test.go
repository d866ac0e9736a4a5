//go:build unix

package embed_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
)

// The examples' stages. They must be made before main, where embed.Main is the first line, so that a local worker finds
// them.
var (
	length = cluster.Map(func(_ context.Context, word string) (int, error) {
		return len(word), nil
	}, pl.Name("length"))
	words = cluster.FlatMap(func(_ context.Context, line string, yield func(string) bool) error {
		for word := range strings.FieldsSeq(line) {
			if !yield(word) {
				break
			}
		}
		return nil
	}, pl.Name("words"))
)

func ExampleStart() {
	ctx := context.Background()
	s, err := embed.Start(ctx, embed.LocalWorkers(2))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	on := cluster.On(s.Cluster()) // each stage is told
	lines := pl.From("to be or", "not to be")
	got, err := length(words(lines).With(on)).With(on).Collect(ctx)
	slices.Sort(got) // results come as they are ready; pl.Ordered keeps the order
	fmt.Println(got, err)
	// Output: [2 2 2 2 2 3] <nil>
}

func ExampleLocalWorkers() {
	ctx := context.Background()
	s, err := embed.Start(ctx, embed.LocalWorkers(1))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(pl.Ordered(length(pl.From("a", "bb", "ccc")).With(cluster.On(s.Cluster()))).Collect(ctx))
	// Output: [1 2 3] <nil>
}

// The first line of main: the local workers, which are this program too, go no further.
func ExampleMain() {
	embed.Main(cluster.Slots(4))
	fmt.Println("the parent")
	// Output: the parent
}

// Local workers see the runs of their namespace only.
func ExampleNamespace() {
	ctx := context.Background()
	s, err := embed.Start(ctx, embed.LocalWorkers(1), embed.Namespace("nightly"))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(length(pl.From("four")).With(cluster.On(s.Cluster())).Collect(ctx))
	// Output: [4] <nil>
}

// Another program of this machine connects, and is a worker.
func ExampleListen() {
	ctx := context.Background()
	s, err := embed.Start(ctx, embed.Listen("127.0.0.1:0"))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	nc, err := nats.Connect(s.URL(), nats.MaxReconnects(-1)) // there
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	serving, leave := context.WithCancel(ctx)
	left := make(chan error, 1)
	go func() { left <- cluster.New(nc).Serve(serving) }()
	fmt.Println(length(pl.From("four")).With(cluster.On(s.Cluster())).Collect(ctx))
	leave()
	fmt.Println(<-left)
	// Output:
	// [4] <nil>
	// <nil>
}

// The server also carries the program's own messages, on subjects that do not begin with "pl.".
func ExampleServer_Conn() {
	s, err := embed.Start(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	greetings, err := s.Conn().SubscribeSync("greetings")
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Conn().Publish("greetings", []byte("hello")); err != nil {
		log.Fatal(err)
	}
	m, err := greetings.NextMsg(time.Minute)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", m.Data)
	// Output: hello
}

// A server that the workers of other machines reach needs both a certificate and a token.
func ExampleTLS() {
	certificate, err := tls.LoadX509KeyPair("server.crt", "server.key")
	if err != nil {
		log.Fatal(err)
	}
	s, err := embed.Start(context.Background(), embed.Listen(":4222"),
		embed.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}), embed.Token(os.Getenv("TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(length(pl.From("four")).With(cluster.On(s.Cluster())).Collect(context.Background()))
}

// Who shows no token is not let in.
func ExampleToken() {
	s, err := embed.Start(context.Background(), embed.Listen("127.0.0.1:0"), embed.Token("long and random"))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	_, err = nats.Connect(s.URL())
	fmt.Println(err)
	nc, err := nats.Connect(s.URL(), nats.Token("long and random"))
	fmt.Println(err)
	nc.Close()
	// Output:
	// nats: Authorization Violation
	// <nil>
}

// What is under way is kept on disk, in a folder.
func ExampleDir() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "streams")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := embed.Start(ctx, embed.LocalWorkers(1), embed.Dir(dir))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(length(pl.From("four")).With(cluster.On(s.Cluster()), cluster.OnDisk()).Collect(ctx))
	// Output: [4] <nil>
}
