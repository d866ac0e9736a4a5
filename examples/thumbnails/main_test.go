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
		require.NoError(t, write(in, Picture{name, data.Bytes()}))
	}
	require.NoError(t, os.WriteFile(filepath.Join(in, "damaged.png"), []byte("\x89PNG\r\n\x1a\n and no more"), 0o600))

	var report bytes.Buffer
	require.NoError(t, run(t.Context(), &report, settings{in: in, out: out, poison: true}))
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

func TestAJournalKeepsWhatIsDoneFromBeingDoneAgain(t *testing.T) {
	s := settings{in: t.TempDir(), out: t.TempDir(), journal: filepath.Join(t.TempDir(), "done")}
	add := func(name string) {
		var data bytes.Buffer
		require.NoError(t, png.Encode(&data, image.NewRGBA(image.Rect(0, 0, 9, 9))))
		require.NoError(t, write(s.in, Picture{name, data.Bytes()}))
	}
	add("a")
	require.NoError(t, os.WriteFile(filepath.Join(s.in, "damaged.png"), []byte("no picture"), 0o600))
	for _, want := range []string{"1 thumbnails", "0 thumbnails"} {
		var report bytes.Buffer
		require.NoError(t, run(t.Context(), &report, s))
		require.Contains(t, report.String(), want)
		require.Contains(t, report.String(), "1 failed", "what failed is tried again")
	}
	add("b")
	var report bytes.Buffer
	require.NoError(t, run(t.Context(), &report, s))
	require.Contains(t, report.String(), "1 thumbnails")

	s.out = ""
	require.ErrorContains(t, run(t.Context(), &report, s), "-journal needs -out")
}

func TestNothingIsLeftInTheWorkingFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	in, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary) // on Windows
	var report bytes.Buffer
	require.NoError(t, run(t.Context(), &report, settings{in: in}))
	require.Contains(t, report.String(), "0 thumbnails in "+filepath.Join(temporary, "thumbnails"))
	left, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, left)
}
