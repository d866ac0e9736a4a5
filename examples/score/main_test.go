//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheTwoBadTextsCostThemselves(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var report strings.Builder
	require.NoError(t, run(t.Context(), &report, "", 2*time.Second))
	var want strings.Builder
	for n := range 20 {
		fmt.Fprintf(&want, "%d text%02d.txt\n", n, n)
	}
	want.WriteString("2 failed\n  bad1.txt: the scorer ended: signal: killed\n")
	want.WriteString("  bad2.txt: the function took longer than the stage's Timeout\n")
	require.Equal(t, want.String(), report.String())
}

func TestAFolderThatIsNotThereIsNamed(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), new(strings.Builder), "nowhere", time.Second), "nowhere")
}
