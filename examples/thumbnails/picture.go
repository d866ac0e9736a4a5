package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// Picture is a file: the picture itself, later its thumbnail.
type Picture struct {
	Name string
	Data []byte
}

func (p Picture) name() string { return p.Name }

func read(folder, name string) (Picture, error) {
	if name == crashing || name == endless {
		return Picture{name, []byte(name)}, nil
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	return Picture{name, data}, err
}

func write(folder string, p Picture) error {
	path := filepath.Join(folder, p.Name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, p.Data, 0o644)
}

// encoder is opened in each worker, whose memory it uses again and again.
var encoder = pl.OnStart(func(context.Context) (*png.Encoder, error) {
	return &png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &buffer{}}, nil
})

type buffer struct{ kept *png.EncoderBuffer }

func (b *buffer) Get() *png.EncoderBuffer     { return b.kept }
func (b *buffer) Put(used *png.EncoderBuffer) { b.kept = used }

// shrink makes the thumbnail, which is at most edge pixels wide and high.
func shrink(_ context.Context, enc *png.Encoder, p Picture) (Picture, error) {
	const edge = 64
	from, _, err := image.Decode(bytes.NewReader(p.Data))
	if err != nil {
		return Picture{}, err
	}
	size := from.Bounds().Size()
	most := max(size.X, size.Y, edge)
	to := image.NewRGBA(image.Rect(0, 0, max(1, size.X*edge/most), max(1, size.Y*edge/most)))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			to.Set(x, y, at(from, x*size.X/to.Rect.Dx(), y*size.Y/to.Rect.Dy()))
		}
	}
	var out bytes.Buffer
	err = enc.Encode(&out, to)
	return Picture{p.Name, out.Bytes()}, err
}

func at(m image.Image, x, y int) color.Color { return m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y) }

// The poisonous pictures, of formats whose decoders are as bad as decoders get.
const (
	crashing = "crashing picture"
	endless  = "endless picture"
)

func init() {
	config := func(io.Reader) (image.Config, error) { return image.Config{}, errors.New("no configuration") }
	image.RegisterFormat("crashing", crashing, func(io.Reader) (image.Image, error) {
		os.Exit(139) // a stray pointer in a C library
		return nil, nil
	}, config)
	image.RegisterFormat("endless", endless, func(io.Reader) (image.Image, error) {
		select {}
	}, config)
}

// reason is an error in one line.
func reason(err error) string {
	if crash, ok := errors.AsType[*process.CrashError](err); ok {
		return "its decoder crashed: " + crash.State
	}
	return fmt.Sprint(err)
}
