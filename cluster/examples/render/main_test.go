package main

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopeln/pl/cluster/embed"
)

func TestMain(m *testing.M) {
	embed.Main()
	os.Exit(m.Run())
}

// The picture is what one loop would draw.
func TestThePictureIsRight(t *testing.T) {
	const width, depth = 200, 100
	out := filepath.Join(t.TempDir(), "set.png")
	if err := run(t.Context(), "", false, 2, out, width, depth); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, width, width*4/5); got.Bounds() != want {
		t.Fatalf("the picture is %v, want %v", got.Bounds(), want)
	}
	black := 0
	for y := range width * 4 / 5 {
		r, _ := renderRow(context.Background(), row{Y: y, Width: width, Height: width * 4 / 5, Depth: depth})
		for x, gray := range r.Gray {
			if got.At(x, y) != (color.Gray{Y: gray}) {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, got.At(x, y), gray)
			}
			if gray == 255 {
				black++
			}
		}
	}
	if black < 1000 {
		t.Fatalf("%d pixels are in the set: that is not it", black)
	}
}
