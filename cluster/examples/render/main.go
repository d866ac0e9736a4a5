// Render draws the Mandelbrot set, each row of the picture by a worker, and writes a PNG.
//
// How does one program run on one machine, and then on three? See its -help.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
)

// row is a row of the picture: as it is asked for, and as it comes back.
type row struct {
	Y, Width, Height, Depth int
	Gray                    []byte
}

var render = cluster.Map(renderRow, pl.Name("render"))

func renderRow(_ context.Context, r row) (row, error) {
	r.Gray = make([]byte, r.Width)
	for x := range r.Width {
		c := complex(3*float64(x)/float64(r.Width)-2.2, 2.4*float64(r.Y)/float64(r.Height)-1.2)
		z, n := complex(0, 0), 0
		for ; n < r.Depth && real(z)*real(z)+imag(z)*imag(z) < 4; n++ {
			z = z*z + c
		}
		r.Gray[x] = byte(255 * n / r.Depth)
	}
	return r, nil
}

const help = `render draws the Mandelbrot set into a PNG.

On one machine, with local workers:

	render -o set.png

On three machines, with a NATS server at HOST (nats-server -js, or nats-server.conf with TLS and users):

	render -nats nats://HOST:4222 -worker          on the second and the third
	render -nats nats://HOST:4222 -o set.png       on the first

Flags:
`

func main() {
	embed.Main()
	var (
		out    = flag.String("o", "set.png", "the picture")
		width  = flag.Int("width", 1200, "of the picture, in pixels")
		depth  = flag.Int("depth", 2000, "iterations for a pixel, at most")
		local  = flag.Int("local", runtime.NumCPU(), "local workers, without -nats")
		url    = flag.String("nats", "", "a NATS server; without it there is one inside")
		worker = flag.Bool("worker", false, "work for others")
	)
	flag.Usage = func() {
		_, _ = fmt.Fprint(flag.CommandLine.Output(), help)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *url, *worker, *local, *out, *width, *depth); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string, worker bool, local int, out string, width, depth int) error {
	if url == "" {
		if worker {
			return errors.New("-worker needs -nats")
		}
		s, err := embed.Start(ctx, embed.LocalWorkers(local))
		if err != nil {
			return err
		}
		return errors.Join(draw(ctx, s.Cluster(), out, width, depth), s.Close())
	}
	nc, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer nc.Close()
	if c := cluster.New(nc); worker {
		return c.Serve(ctx)
	} else {
		return draw(ctx, c, out, width, depth)
	}
}

// draw asks for all rows and makes the picture.
func draw(ctx context.Context, c *cluster.Cluster, out string, width, depth int) error {
	height := width * 4 / 5
	rows := make([]row, height)
	for y := range rows {
		rows[y] = row{Y: y, Width: width, Height: height, Depth: depth}
	}
	picture := image.NewGray(image.Rect(0, 0, width, height))
	start := time.Now()
	for r, err := range render(pl.FromSlice(rows)).With(cluster.On(c)).All(ctx) {
		if err != nil {
			return err
		}
		for x, gray := range r.Gray {
			picture.SetGray(x, r.Y, color.Gray{Y: gray})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return err
	}
	fmt.Printf("%d rows in %v: %s\n", height, time.Since(start).Round(time.Millisecond), out)
	return os.WriteFile(out, file.Bytes(), 0o644)
}
