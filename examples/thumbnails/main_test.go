package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadPicturesCostThemselves(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "deep/b"} {
		var data bytes.Buffer
		m := image.NewRGBA(image.Rect(0, 0, 300, 100))
		m.Set(0, 0, color.White)
		require.NoError(t, png.Encode(&data, m))
		_, err := write(in, Picture{name, data.Bytes()})
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(filepath.Join(in, "damaged.png"), []byte("\x89PNG\r\n\x1a\n and no more"), 0o600))

	var report bytes.Buffer
	require.NoError(t, run(t.Context(), &report, in, out, true))
	require.Contains(t, report.String(), "2 thumbnails")
	require.Contains(t, report.String(), "3 failed")
	require.Contains(t, report.String(), "crashing picture: its decoder crashed: exit status 139")
	require.Contains(t, report.String(), "endless picture: the function took longer")
	require.Contains(t, report.String(), "damaged.png: ")

	f, err := os.Open(filepath.Join(out, "deep/b.png.png"))
	require.NoError(t, err)
	defer f.Close()
	m, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, image.Pt(64, 21), m.Bounds().Size())
}

func TestNothingIsLeftInTheWorkingFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	in, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary) // on Windows
	var report bytes.Buffer
	require.NoError(t, run(t.Context(), &report, in, "", false))
	require.Contains(t, report.String(), "0 thumbnails in "+filepath.Join(temporary, "thumbnails"))
	left, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, left)
}
