// Package subprocess measures what it costs to have values handled by another process: package
// process against net/rpc over a socket and a stream of a gRPC plugin, all with two processes of
// this program's own binary. Besides the rivals there are floors: what is left of the work without
// any library.
package subprocess

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/bench/startup"
)

// children is how many processes do the work.
const children = 2

// Record is a value of about 100 bytes.
type Record struct {
	ID      int
	Name    string
	Tags    []string
	Price   float64
	Comment string
}

// load is a kind of value: how one is made, what is done to it, and what of it is added up.
type load[T any] struct {
	title  string
	values int // per run
	make   func(i int) T
	work   func(context.Context, T) (T, error)
	count  func(T) int
}

var (
	ints = load[int]{
		title: "int", values: 400_000,
		make:  func(i int) int { return i },
		work:  func(_ context.Context, x int) (int, error) { return x + 1, nil },
		count: func(x int) int { return x },
	}
	records = load[Record]{
		title: "a struct of 100 bytes", values: 200_000,
		make: func(i int) Record {
			return Record{i, "a name of some length", []string{"red", "round"}, 1.5, "what people say about it, at some length"}
		},
		work:  func(_ context.Context, r Record) (Record, error) { r.ID++; return r, nil },
		count: func(r Record) int { return r.ID },
	}
	blocks = bytesOf("[]byte of 10 kB", 10_000, 40_000)
	images = bytesOf("[]byte of 1 MB", 1_000_000, 300)
)

func bytesOf(title string, size, values int) load[[]byte] {
	return load[[]byte]{
		title: title, values: values,
		make:  func(int) []byte { return make([]byte, size) },
		work:  func(_ context.Context, b []byte) ([]byte, error) { b[0]++; return b, nil },
		count: func(b []byte) int { return len(b) + int(b[0]) },
	}
}

// sum is what n values come to when the work has been done.
func (l load[T]) sum(n int) (sum int) {
	for i := range n {
		v, _ := l.work(context.Background(), l.make(i)) // the work cannot fail
		sum += l.count(v)
	}
	return sum
}

// peers are the processes of those that package process is measured against. They live as long as
// the program; the stages of package process start theirs in each run.
type peers struct {
	rpc     *rpcServers
	plugins *plugins
	pipes   *pipes
}

func startPeers() (p *peers, err error) {
	p = new(peers)
	if p.rpc, err = dialRPC(); err != nil {
		return p, fmt.Errorf("net/rpc: %w", err)
	}
	if p.plugins, err = startPlugins(); err != nil {
		return p, fmt.Errorf("go-plugin: %w", err)
	}
	if p.pipes, err = startPipes(); err != nil {
		return p, fmt.Errorf("bare pipes: %w", err)
	}
	return p, nil
}

func (p *peers) close() (err error) {
	if p.rpc != nil {
		err = p.rpc.close()
	}
	if p.plugins != nil {
		p.plugins.close()
	}
	if p.pipes != nil {
		err = errors.Join(err, p.pipes.close())
	}
	return err
}

// Run prints a table for each kind of value, one for a single value under way, and one of the start
// of workers.
func Run(e measure.Effort, w io.Writer) (err error) {
	p, err := startPeers()
	defer func() { err = errors.Join(err, p.close()) }()
	if err != nil {
		return err
	}
	for _, table := range []func() error{
		func() error {
			return compare(e, w, ints, ours(ints, intsStep), calls(p.rpc, ints, "Server.Int", inFlight), p.plugins.stream(),
				gobAlone(ints))
		},
		func() error {
			return compare(e, w, records, ours(records, recordsStep), calls(p.rpc, records, "Server.Record", inFlight),
				gobAlone(records))
		},
		func() error {
			return compare(e, w, blocks, ours(blocks, blocksStep), calls(p.rpc, blocks, "Server.Bytes", inFlight),
				p.pipes.stream(blocks))
		},
		func() error {
			return compare(e, w, images, ours(images, imagesStep), calls(p.rpc, images, "Server.Bytes", 4),
				p.pipes.stream(images))
		},
		func() error {
			return roundTrips(e, w, throughStage(intsStep), byCalls("net/rpc", p.rpc.roundTrip),
				byCalls("bare pipes", p.pipes.roundTrip))
		},
		func() error { return startup.Run(e, w) },
	} {
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

func compare[T any](e measure.Effort, w io.Writer, l load[T], contenders ...measure.Contender) error {
	n := e.ValuesOr(l.values)
	results, err := measure.Compare(contenders, e, n, l.sum(n))
	if err != nil {
		return fmt.Errorf("%s: %w", l.title, err)
	}
	t := measure.Rank(l.title, results, 1)
	t.Head = append(t.Head, "values/s")
	for i, r := range results {
		t.Rows[i] = append(t.Rows[i], fmt.Sprintf("%.0f", 1e9/measure.Median(r.Nanos)))
	}
	return t.Write(w)
}
