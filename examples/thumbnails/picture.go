package main

import (
	"context"
	"image/png"
	"os"
	"path/filepath"

	"github.com/gopeln/pl/examples/internal/picture"
)

// Picture is a file: the picture itself, later its thumbnail.
type Picture struct {
	Name string
	Data []byte
}

func (p Picture) name() string { return p.Name }

func read(folder, name string) (Picture, error) {
	if name == picture.Crashing || name == picture.Endless {
		return Picture{name, []byte(name)}, nil
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	return Picture{name, data}, err
}

func shrink(ctx context.Context, enc *png.Encoder, p Picture) (Picture, error) {
	data, err := picture.Shrink(ctx, enc, p.Data)
	return Picture{p.Name, data}, err
}

func write(folder string, p Picture) error {
	path := filepath.Join(folder, p.Name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, p.Data, 0o644)
}
