//go:build unix

package child_test

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/child"
)

// TestMain makes the test binary its own child.
func TestMain(m *testing.M) {
	if !child.Adopted() {
		os.Exit(m.Run())
	}
	link, err := child.Open()
	if err != nil || child.Adopted() {
		fmt.Fprintln(os.Stderr, "not adopted once:", err)
		os.Exit(1)
	}
	link.Shared[0] = 42
	switch os.Getenv("MODE") {
	case "echo":
		io.Copy(link.Out, link.In)
		os.Exit(5)
	case "panic":
		debug.SetCrashOutput(link.Crash, debug.CrashOptions{})
		panic("last words")
	case "wait":
		io.Copy(io.Discard, link.Life)
		os.Exit(6)
	}
	os.Exit(0)
}

func start(t *testing.T, mode string) *child.Process {
	t.Helper()
	s := child.NewStarter()
	t.Cleanup(s.Close)
	p, err := s.Start([]string{"MODE=other", "MODE=" + mode})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	t.Cleanup(func() { p.Stderr.Close() })
	return p
}

func TestPipesAndSharedMemoryJoinParentAndChild(t *testing.T) {
	p := start(t, "echo")
	_, err := p.In.WriteString("hello")
	require.NoError(t, err)
	require.NoError(t, p.In.Close())
	got, err := io.ReadAll(p.Out)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
	require.Equal(t, byte(42), p.Shared[0])
	state, ok, trace := p.Wait()
	require.Equal(t, "exit status 5", state)
	require.False(t, ok)
	require.Empty(t, trace)
}

func TestTheLastWordsArrive(t *testing.T) {
	p := start(t, "panic")
	state, _, trace := p.Wait()
	require.Equal(t, "exit status 2", state)
	require.Contains(t, trace, "panic: last words")
}

func TestTheLifelineTellsOfTheParentsEnd(t *testing.T) {
	p := start(t, "wait")
	require.NoError(t, p.Life.Close())
	state, _, _ := p.Wait()
	require.Equal(t, "exit status 6", state)
}

func TestKillEndsAChild(t *testing.T) {
	p := start(t, "wait")
	p.Kill()
	p.Kill()
	state, ok, _ := p.Wait()
	require.Equal(t, "signal: killed", state)
	require.False(t, ok)
}

func TestBuildIsTheSameInOneBinary(t *testing.T) {
	require.NotEmpty(t, child.Build())
	require.Equal(t, child.Build(), child.Build())
}
