package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPictureIsMade(t *testing.T) {
	out := filepath.Join(t.TempDir(), "picture.png")
	require.NoError(t, run(out, 100, 500*time.Millisecond))
	f, err := os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(200_000))
	picture, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 100*cellWidth+2*margin, picture.Bounds().Dx())
}
