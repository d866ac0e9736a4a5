package main

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/gopeln/pl/monitor/internal/screen"
)

// Sizes in pixels.
const (
	fontSize   = 26
	cellWidth  = 16
	cellHeight = 34
	baseline   = 26
	margin     = 28
)

var (
	background = color.RGBA{0x12, 0x16, 0x1c, 0xff}
	foreground = color.RGBA{0xd8, 0xde, 0xe8, 0xff}
	colours    = map[string]color.RGBA{
		"31": {0xff, 0x7b, 0x72, 0xff}, "32": {0x5f, 0xbf, 0x75, 0xff}, "33": {0xe3, 0xb3, 0x41, 0xff},
		"35": {0xd2, 0xa8, 0xff, 0xff}, "36": {0x56, 0xc8, 0xd8, 0xff}, "94": {0x6a, 0x9b, 0xec, 0xff},
		"90": {0x7d, 0x8a, 0x9b, 0xff},
	}
)

// drawScreen draws the lines of a terminal.
func drawScreen(lines [][]screen.Cell, columns int) (image.Image, error) {
	regular, err := face(gomono.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := face(gomonobold.TTF)
	if err != nil {
		return nil, err
	}
	picture := image.NewPaletted(image.Rect(0, 0, columns*cellWidth+2*margin, len(lines)*cellHeight+2*margin), shades())
	draw.Draw(picture, picture.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	for y, line := range lines {
		for x, c := range line {
			ink, with := foreground, regular
			if c.Look == "1" {
				with = bold
			} else if known, ok := colours[c.Look]; ok {
				ink = known
			}
			at := image.Pt(margin+x*cellWidth, margin+y*cellHeight)
			if shape := shapeOf(c.Text); shape != nil {
				shape(picture, at, ink)
				continue
			}
			d := font.Drawer{Dst: picture, Src: image.NewUniform(ink), Face: with, Dot: fixed.P(at.X, at.Y+baseline)}
			d.DrawString(c.Text)
		}
	}
	return picture, nil
}

func face(ttf []byte) (font.Face, error) {
	f, err := opentype.Parse(ttf)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
}

// shades are the colours of a small picture: each of ours, and steps from the background to it.
func shades() (p color.Palette) {
	const steps = 24
	inks := []color.RGBA{foreground}
	for _, ink := range colours {
		inks = append(inks, ink)
	}
	p = append(p, background)
	for _, ink := range inks {
		for i := 1; i <= steps; i++ {
			p = append(p, mix(background, ink, float64(i)/steps))
		}
	}
	return p
}

func mix(a, b color.RGBA, part float64) color.RGBA {
	between := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*part) }
	return color.RGBA{between(a.R, b.R), between(a.G, b.G), between(a.B, b.B), 0xff}
}

// shape draws what the font has no character for, or one that leaves gaps.
type shape func(to draw.Image, at image.Point, ink color.RGBA)

func shapeOf(text string) shape {
	switch text {
	case "█":
		return fill(0, 5, cellWidth, cellHeight-10, 1)
	case "▓":
		return fill(0, 5, cellWidth, cellHeight-10, 0.75)
	case "▒":
		return dotted(4, 2)
	case "░":
		return dotted(4, 1)
	case "━":
		return fill(0, cellHeight/2-3, cellWidth, 6, 1)
	case "─":
		return fill(0, cellHeight/2-1, cellWidth, 2, 1)
	case "·":
		return fill(cellWidth/2-2, cellHeight/2-1, 4, 4, 1)
	case "▶":
		return triangle
	}
	return nil
}

func fill(x, y, width, height int, strength float64) shape {
	return func(to draw.Image, at image.Point, ink color.RGBA) {
		r := image.Rect(x, y, x+width, y+height).Add(at)
		draw.Draw(to, r, image.NewUniform(mix(background, ink, strength)), image.Point{}, draw.Src)
	}
}

// dotted is a field of which part in every pixels are ink, and the rest is darker.
func dotted(every, part int) shape {
	ground := fill(0, 5, cellWidth, cellHeight-10, 0.25)
	return func(to draw.Image, at image.Point, ink color.RGBA) {
		ground(to, at, ink)
		for y := 5; y < cellHeight-5; y++ {
			for x := range cellWidth {
				if (x+y)%every < part {
					to.Set(at.X+x, at.Y+y, ink)
				}
			}
		}
	}
}

func triangle(to draw.Image, at image.Point, ink color.RGBA) {
	const high = 18
	for y := range high {
		width := min(y, high-1-y) + 2
		fill(2, (cellHeight-high)/2+y, width*13/10, 1, 1)(to, at, ink)
	}
}
