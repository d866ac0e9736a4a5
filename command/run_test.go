//go:build unix

package command_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/command"
	"github.com/gopeln/pl/internal/leak"
	"github.com/gopeln/pl/process"
)

func script(_ context.Context, text string) *exec.Cmd { return exec.Command("sh", "-c", text) }

func TestRunYieldsWhatEachProcessWrote(t *testing.T) {
	held := leak.Hold()
	p := command.Run(func(_ context.Context, in string) *exec.Cmd {
		cmd := exec.Command("tr", "a-z", "A-Z")
		cmd.Stdin = strings.NewReader(in)
		return cmd
	}, pl.Workers(2))
	long := strings.Repeat("x", 1<<20)
	got, err := pl.Ordered(p(pl.From("a\nb", "", long))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a\nb", got[0].In)
	require.Equal(t, "A\nB", string(got[0].Stdout))
	require.Empty(t, got[1].Stdout)
	require.Equal(t, strings.ToUpper(long), string(got[2].Stdout))
	held.Check(t)
}

func TestAProcessThatFailsFailsItsValue(t *testing.T) {
	var lost []*pl.StageError
	p := command.Run(script, noting(&lost))
	got, err := p(pl.From("echo a", "echo b; echo why >&2; exit 3", "kill -9 $$", "echo c")).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Len(t, lost, 2)
	exit := requireExit(t, lost[0], "exit status 3")
	require.Equal(t, "why\n", exit.Stderr)
	require.Equal(t, []string{"sh", "-c", "echo b; echo why >&2; exit 3"}, exit.Argv)
	requireExit(t, lost[1], "signal: killed")
}

func TestRunKillsGroups(t *testing.T) {
	held := leak.Hold()
	pids := filepath.Join(t.TempDir(), "pids")
	left := "sleep 1000 & echo $! >>" + pids
	got, err := command.Run(script)(pl.From(left + "; echo done")).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, "done\n", string(got[0].Stdout))

	err = command.Run(script, pl.Timeout(200*time.Millisecond))(pl.From(left + "; wait")).Run(t.Context())
	require.ErrorIs(t, err, pl.ErrTimeout)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = command.Run(script)(pl.From(left + "; wait")).Run(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	requireGone(t, pids)
	held.Check(t)
}

func TestRunAddsEnv(t *testing.T) {
	p := command.Run(func(_ context.Context, in string) *exec.Cmd {
		cmd := exec.Command("sh", "-c", `echo "$A $B"`)
		if in == "own" {
			cmd.Env = []string{"A=own", "B=own"}
		}
		return cmd
	}, process.Env("B=added"))
	t.Setenv("A", "inherited")
	got, err := p(pl.From("own", "")).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, "own added\n", string(got[0].Stdout))
	require.Equal(t, "inherited added\n", string(got[1].Stdout))
}

func TestRunLeavesWhatTheCommandHasSet(t *testing.T) {
	var stderr strings.Builder
	p := command.Run(func(context.Context, int) *exec.Cmd {
		cmd := exec.Command("sh", "-c", "pwd; echo mine >&2; exit 1")
		cmd.Dir, cmd.Stderr = "/", &stderr
		return cmd
	})
	err := p(pl.From(1)).Run(t.Context())
	require.Empty(t, requireExit(t, err, "exit status 1").Stderr)
	require.Equal(t, "mine\n", stderr.String())
}

func TestBadCommandsFailTheirValues(t *testing.T) {
	started := exec.Command("true")
	require.NoError(t, started.Run())
	for want, cmd := range map[string]*exec.Cmd{
		"the command is nil":  nil,
		"was started already": started,
		"no-such-program":     exec.Command("no-such-program"),
		"its Stdout is set":   {Path: "/bin/true", Args: []string{"true"}, Stdout: os.Stdout},
	} {
		err := command.Run(func(context.Context, int) *exec.Cmd { return cmd })(pl.From(1)).Run(t.Context())
		require.ErrorContains(t, err, want)
	}
	err := command.Run(func(context.Context, int) *exec.Cmd { panic("boo") })(pl.From(1)).Run(t.Context())
	require.ErrorContains(t, err, "panic: boo")
}
