//go:build unix

package process_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

func TestAStageMadeLaterFailsItsRun(t *testing.T) {
	late := process.Map(addOne)
	read := false
	err := late(pl.FromFunc(func(context.Context, func(int) bool) error { read = true; return nil })).Run(t.Context())
	require.False(t, read, "the source is not even asked")
	require.ErrorContains(t, err, "registry_test.go:")
	require.ErrorContains(t, err, "package-level variable")
	require.Empty(t, children())
}

var (
	twinA = process.Map(addOne, pl.Name("twin"))
	twinB = process.Map(addOne, pl.Name("twin"))
)

func TestOneNameTwiceFailsBoth(t *testing.T) {
	for _, twin := range []pl.Partial[int, int]{twinA, twinB} {
		err := twin(pl.Range(3)).Run(t.Context())
		require.ErrorContains(t, err, `the name "twin"`)
		require.ErrorContains(t, err, "registry_test.go:30")
		require.ErrorContains(t, err, "registry_test.go:29")
	}
}

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

func identity[T any]() pl.Partial[T, T] {
	return process.Map(func(_ context.Context, v T) (T, error) { return v, nil })
}

var (
	oneLine      = pl.Compose(process.Map(addOne), process.Map(double))
	sameInt      = identity[int]()
	sameString   = identity[string]()
	made         = []pl.Partial[int, int]{adding(1), adding(10)}
	renamed      = process.Map(addOne)
	adjustedName = func(s pl.Stage[int]) pl.Stage[int] { return renamed(s).With(pl.Name("other")) }
)

func adding(k int) pl.Partial[int, int] {
	return process.Map(func(_ context.Context, n int) (int, error) { return n + k, nil })
}

func TestFunctionsOfOnePlaceAreToldApart(t *testing.T) {
	for want, stage := range map[int]pl.Partial[int, int]{
		16: oneLine, 7: sameInt, 8: made[0], 17: made[1],
	} {
		got, err := stage(pl.From(7)).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{want}, got)
	}
	texts, err := sameString(pl.From("x")).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, texts)
	got, err := adjustedName(pl.From(1)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{2}, got)
}

func TestOptionsAreChecked(t *testing.T) {
	for want, option := range map[string]pl.Option{
		"Recycle(0)":       process.Recycle(0),
		"MemoryLimit(-1)":  process.MemoryLimit(-1),
		`Env(["novalue"])`: process.Env("novalue"),
		"WithCodec":        process.WithCodec(nil),
	} {
		require.ErrorContains(t, increment(pl.Range(3)).With(option).Run(t.Context()), want)
	}
}

func TestProgramsThatDoNotCallMain(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	program := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("go", "build", "-o", program, "./testdata/forgotten").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for how, want := range map[string]string{
		"forgotten": "has not called process.Main: make it the first line of main, and make the stages of package process before it",
		"late":      "or in main to before process.Main()",
		"misplaced": "exit status 125",
		"right":     "[1 2 3] <nil>",
	} {
		cmd := exec.Command(program, how)
		cmd.Env = append(os.Environ(), "PARENT=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), want, how)
	}
}
