package task

import (
	"context"
	"sync"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// Gather calls all fs concurrently, each as a task of its own on the same loop, and waits for all
// of them. It returns their results in the order of fs, or an empty slice if there are no fs.
// Workers does not count the children; they take turns with all other tasks.
//
// If a child fails, Gather cancels the context of the others, waits until they have returned, and
// returns the first error without results. A child that panics fails with a [*pl.PanicError].
// Outside a task the children are goroutines.
func Gather[T any](ctx context.Context, fs ...func(ctx context.Context) (T, error)) ([]T, error) {
	results := make([]T, len(fs))
	if len(fs) == 0 {
		return results, nil
	}
	c := current(ctx)
	if c == nil {
		return results, gatherOutside(ctx, results, fs)
	}
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	g := newGroup(ctx, c)
	for i, f := range fs {
		g.spawn(func(ctx context.Context) (err error) {
			results[i], err = f(ctx)
			return err
		})
	}
	if err := g.wait(); err != nil {
		return nil, err
	}
	return results, nil
}

// group is the children of one Gather in a task. Only the loop uses it.
type group struct {
	scope    scope
	cancel   context.CancelCauseFunc
	parent   *valueContext
	children []*loop.Task
	left     int   // children that have not returned
	err      error // the first error of a child
}

func newGroup(ctx context.Context, parent *valueContext) *group {
	g := &group{parent: parent}
	ctx, g.cancel = context.WithCancelCause(ctx)
	g.scope = scope{executor: parent.scope.executor, ctx: ctx, life: ctx, outer: parent.scope}
	return g
}

// spawn starts a child that calls f.
func (g *group) spawn(f func(ctx context.Context) error) {
	e := g.scope.executor
	c := &valueContext{place: &place{scope: &g.scope}}
	g.left++
	c.task = e.loop.Go(e.owner, loop.Func(func() {
		err := pl.ErrGoexit
		defer func() {
			if v := recover(); v != nil {
				err = fault(v)
			}
			c.ended.Store(true)
			g.returned(err)
		}()
		err = f(c)
	}))
	g.children = append(g.children, c.task)
}

// returned is called by a child that has returned err, or failed with it.
func (g *group) returned(err error) {
	if err != nil && g.err == nil {
		g.err = err
		g.cancel(err)
		g.Receive()
	}
	if g.left--; g.left == 0 {
		g.parent.task.Wake()
	}
}

// Receive is called when the children's context has ended. It wakes the children, so that those
// that are parked look at it.
func (g *group) Receive() {
	for _, t := range g.children {
		t.Wake()
	}
}

// wait parks the parent until all children have returned. When the parent's context ends, so does
// theirs.
func (g *group) wait() error {
	stop := afterFunc(g.scope.life, g.scope.executor.loop, &loop.Message{To: g})
	g.parent.passLead()
	for g.left > 0 {
		g.parent.task.Park(0)
	}
	g.parent.takeLead()
	stop()
	g.cancel(nil)
	return g.err
}

// gatherOutside is Gather outside a task: it calls fs on goroutines.
func gatherOutside[T any](ctx context.Context, results []T, fs []func(ctx context.Context) (T, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		children sync.WaitGroup
		once     sync.Once
		first    error
	)
	for i, f := range fs {
		children.Go(func() {
			err := pl.ErrGoexit
			defer func() {
				if v := recover(); v != nil {
					err = fault(v)
				}
				if err != nil {
					once.Do(func() {
						first = err
						cancel(err)
					})
				}
			}()
			results[i], err = f(ctx)
		})
	}
	children.Wait()
	return first
}
