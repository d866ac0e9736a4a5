package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShrinkKeepsTheProportions(t *testing.T) {
	for from, want := range map[image.Point]image.Point{
		{X: 300, Y: 100}: {X: 64, Y: 21},
		{X: 64, Y: 64}:   {X: 64, Y: 64},
		{X: 9, Y: 5}:     {X: 9, Y: 5},
		{X: 1000, Y: 1}:  {X: 64, Y: 1},
	} {
		m := image.NewRGBA(image.Rectangle{Max: from})
		m.Set(0, 0, color.White)
		var large bytes.Buffer
		require.NoError(t, png.Encode(&large, m))
		small, err := Shrink(t.Context(), new(png.Encoder), large.Bytes())
		require.NoError(t, err)
		got, err := png.Decode(bytes.NewReader(small))
		require.NoError(t, err)
		require.Equal(t, want, got.Bounds().Size())
		require.Equal(t, color.RGBAModel.Convert(color.White), color.RGBAModel.Convert(got.At(0, 0)))
	}
}
