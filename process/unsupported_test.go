//go:build !unix

package process_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

var increment = process.Map(func(_ context.Context, n int) (int, error) { return n + 1, nil })

func TestARunFailsBeforeItReadsItsSource(t *testing.T) {
	read := false
	source := pl.FromFunc(func(context.Context, func(int) bool) error { read = true; return nil })
	require.ErrorContains(t, increment(source).Run(t.Context()), runtime.GOOS)
	require.False(t, read)
}
