// Package picture makes small pictures of pictures, for the examples that do so.
package picture

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

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// Edge is how wide and high a small picture is at most.
const Edge = 64

// Encoder is opened in each worker, whose memory it uses again and again.
var Encoder = pl.OnStart(func(context.Context) (*png.Encoder, error) {
	return &png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &buffer{}}, nil
})

type buffer struct{ kept *png.EncoderBuffer }

func (b *buffer) Get() *png.EncoderBuffer     { return b.kept }
func (b *buffer) Put(used *png.EncoderBuffer) { b.kept = used }

// Shrink returns a small PNG of a PNG, JPEG or GIF.
func Shrink(_ context.Context, enc *png.Encoder, data []byte) ([]byte, error) {
	from, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	size := from.Bounds().Size()
	most := max(size.X, size.Y, Edge)
	to := image.NewRGBA(image.Rect(0, 0, max(1, size.X*Edge/most), max(1, size.Y*Edge/most)))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			to.Set(x, y, at(from, x*size.X/to.Rect.Dx(), y*size.Y/to.Rect.Dy()))
		}
	}
	var out bytes.Buffer
	err = enc.Encode(&out, to)
	return out.Bytes(), err
}

func at(m image.Image, x, y int) color.Color { return m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y) }

// The poisonous pictures, of formats whose decoders are as bad as decoders get.
const (
	Crashing = "crashing picture"
	Endless  = "endless picture"
)

func init() {
	config := func(io.Reader) (image.Config, error) { return image.Config{}, errors.New("no configuration") }
	image.RegisterFormat("crashing", Crashing, func(io.Reader) (image.Image, error) {
		os.Exit(139) // a stray pointer in a C library
		return nil, nil
	}, config)
	image.RegisterFormat("endless", Endless, func(io.Reader) (image.Image, error) {
		select {}
	}, config)
}

// Reason is in one line why there is no small picture.
func Reason(err error) string {
	if crash, ok := errors.AsType[*process.CrashError](err); ok {
		return "its decoder crashed: " + crash.State
	}
	return fmt.Sprint(err)
}
