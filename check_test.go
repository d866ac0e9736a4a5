package pl_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// hesitant is a backend that cannot always run.
type hesitant struct {
	announced
	check func(ctx context.Context) error
}

func (hesitant) Start(s *pl.Site)         { s.Employ() }
func (h hesitant) Check(s *pl.Site) error { return h.check(s.Context()) }

func TestNoSourceIsReadBeforeEveryStageCanRun(t *testing.T) {
	reads := 0
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		reads++
		yield(1)
		return nil
	})
	errNoPartner := errors.New("no partner")
	stage := func(err error) pl.Partial[int, int] {
		h := hesitant{check: func(context.Context) error { return err }}
		return pl.NewPartial(h, mapping(double), pl.Name("far"))
	}
	for _, run := range []func() error{
		func() error { return stage(errNoPartner)(source).Run(t.Context()) },
		func() error { return thread.Map(double)(stage(errNoPartner)(source)).Run(t.Context()) },
		func() error { return stage(errNoPartner)(thread.Map(double)(source)).Run(t.Context()) },
		func() error { return pl.Run(t.Context(), thread.Map(double)(source), stage(errNoPartner)(source)) },
	} {
		err := run()
		require.ErrorIs(t, err, errNoPartner)
		stageError, ok := errors.AsType[*pl.StageError](err)
		require.True(t, ok)
		require.Equal(t, "far", stageError.Stage)
		require.Zero(t, reads)
	}
	require.NoError(t, stage(nil)(source).Run(t.Context()))
	require.Equal(t, 1, reads)

	err := stage(errors.New("second"))(stage(errNoPartner)(source)).Run(t.Context())
	require.ErrorContains(t, err, "second")
	require.ErrorIs(t, err, errNoPartner, "all that is wrong is said")
}

func TestACheckThatWaitsEndsWithItsCaller(t *testing.T) {
	errEnough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	h := hesitant{check: func(ctx context.Context) error {
		cancel(errEnough)
		<-ctx.Done()
		return errors.New("still waiting")
	}}
	err := pl.NewPartial(h, mapping(double))(pl.Range(3)).Run(ctx)
	require.Equal(t, errEnough, err)
}
