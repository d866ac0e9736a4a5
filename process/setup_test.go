//go:build unix

package process_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

type settings struct {
	Factor int
	Words  []string
}

var (
	configured []string // what the setups have done, in a worker
	opened     int      // how much of it was done before OnStart

	setSettings = process.Setup(func(s settings) { configured = append(configured, fmt.Sprint(s)) })
	setPointer  = process.Setup(func(s *settings) { configured = append(configured, fmt.Sprint(*s)) })
	setNumber   = process.Setup(func(n int) { configured = append(configured, fmt.Sprint(n)) })
	setPanic    = process.Setup(func(what string) {
		if what == "Goexit" {
			runtime.Goexit()
		}
		panic(what)
	})
	setChannel = process.Setup(func(chan int) {})
	setNothing = process.Setup[int](nil)
	setMoody   = process.Setup(func(moody) {})

	tell = process.MapWith(pl.OnStart(func(context.Context) (int, error) { opened = len(configured); return 0, nil }),
		func(context.Context, int, int) (string, error) {
			return fmt.Sprint(opened, " ", strings.Join(configured, " ")), nil
		}, pl.Name("tell"))
	setWhereMade = process.Map(func(context.Context, int) (string, error) { return strings.Join(configured, " "), nil },
		setNumber(7))
)

func TestSetupGivesEachWorkerAValue(t *testing.T) {
	told := func(opts ...pl.Option) []string {
		got, err := tell(pl.Range(300)).With(opts...).Collect(t.Context())
		require.NoError(t, err)
		for _, text := range got {
			require.Equal(t, got[0], text)
		}
		return got[:1]
	}
	require.Equal(t, []string{"0 "}, told())
	require.Equal(t, []string{"1 {3 [a b]}"}, told(setSettings(settings{3, []string{"a", "b"}}), pl.Workers(2), process.Recycle(50)))
	require.Equal(t, []string{"2 1 {2 []}"}, told(setNumber(1), setSettings(settings{Factor: 2})))
	require.Equal(t, []string{"2 {2 []} 1"}, told(setSettings(settings{Factor: 2}), setNumber(1)))
	require.Equal(t, []string{"2 {2 []} 3"}, told(setNumber(1), setSettings(settings{Factor: 2}), setNumber(3)))
	texts, err := setWhereMade(pl.Range(1)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"7"}, texts)
	require.Empty(t, configured, "not in the program")
}

func TestSetupHasTheValueOfTheRunsStart(t *testing.T) {
	s := &settings{Factor: 1}
	stage := tell(pl.Range(1)).With(setPointer(s))
	for s.Factor = range 3 {
		got, err := stage.Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{fmt.Sprintf("1 {%d []}", s.Factor)}, got)
	}
}

func TestWhatIsWrongWithASetupFailsTheRun(t *testing.T) {
	late := process.Setup(func(int) {})
	for want, option := range map[string]pl.Option{
		"setup_test.go:":                            late(1),
		"made after the program had begun":          late(2),
		"chan int is a channel":                     setChannel(nil),
		"send the values that it would carry":       setChannel(nil),
		"the function is nil":                       setNothing(1),
		"cannot encode the value of the Setup made": setMoody(moody{Fail: "encode"}),
	} {
		read := false
		source := pl.FromFunc(func(context.Context, func(int) bool) error { read = true; return nil })
		err := tell(source).With(option, pl.OnError(pl.Skip)).Run(t.Context())
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `"tell"`)
		require.False(t, read)
	}
	for what, want := range map[string]string{"Goexit": pl.ErrGoexit.Error(), "no way": "panic: no way"} {
		err := tell(pl.Range(3)).With(setPanic(what), pl.OnError(pl.Skip), pl.Retry(3, nil)).Run(t.Context())
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "Setup made at")
	}
	err := tell(pl.Range(3)).With(setMoody(moody{Fail: "panic"}), pl.OnError(pl.Skip)).Run(t.Context())
	require.ErrorContains(t, err, "cannot decode the value")
}
