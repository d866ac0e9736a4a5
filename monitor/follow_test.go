package monitor

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lookout is a follower that does as it is told.
type lookout struct {
	atLook, atEnd func()
	looks, ends   int
	last          pl.Stats
}

func (*lookout) interval() time.Duration { return time.Second }

func (l *lookout) look(pl.Stats) {
	l.looks++
	if l.atLook != nil {
		l.atLook()
	}
}

func (l *lookout) end(last pl.Stats) {
	l.ends++
	l.last = last
	if l.atEnd != nil {
		l.atEnd()
	}
}

// runFor is a run of that many seconds.
func runFor(ctx context.Context, seconds int) error {
	nap := thread.Each(func(context.Context, int) error {
		time.Sleep(time.Second)
		return nil
	})
	return nap(pl.Range(seconds)).Run(ctx)
}

func TestARunIsLookedAtAndThenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lookout
		ctx := follow(t.Context(), options{}, "a test", func(*pl.RunInfo) follower { return &l })
		require.NoError(t, runFor(ctx, 10))
		assert.InDelta(t, 9, l.looks, 1)
		assert.Equal(t, 1, l.ends)
		assert.Equal(t, pl.Done, l.last.State)
	})
}

func TestAViewThatFailsIsGivenUp(t *testing.T) {
	for name, fails := range map[string]func(){
		"panic":  func() { panic("no terminal") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			log := captured(t)
			synctest.Test(t, func(t *testing.T) {
				l := lookout{atLook: fails}
				ctx := follow(t.Context(), options{}, "a test", func(*pl.RunInfo) follower { return &l })
				require.NoError(t, runFor(ctx, 10))
				assert.Equal(t, 1, l.looks)
				assert.Zero(t, l.ends)
				last := lookout{atEnd: fails}
				ctx = follow(t.Context(), options{}, "a test", func(*pl.RunInfo) follower { return &last })
				require.NoError(t, runFor(ctx, 2))
			})
			assert.Equal(t, 2, strings.Count(log.String(), "a test is given up"), log.String())
		})
	}
}
