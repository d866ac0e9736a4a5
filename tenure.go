package pl

import "context"

// opened is what an Opener made: it changes when a worker is replaced after a timeout.
type opened[A, B any] struct {
	kernel Kernel[A, B]
	onEnd  func(context.Context) error
}

func (w *worker[A, B]) Open() bool {
	err := ErrGoexit // unless begin returns
	defer func() {
		if err != nil && w.site.ctx.Err() == nil {
			w.site.Fail(&StageError{Stage: w.of.cfg.name, Worker: w.index, Err: err})
		}
	}()
	var t *opened[A, B]
	if t, err = begin(w.ctx, w.open); err == nil {
		w.opened = t
	}
	return err == nil
}

// begin calls an Opener, guarded.
func begin[A, B any](ctx context.Context, open Opener[A, B]) (t *opened[A, B], err error) {
	returned := false
	defer func() {
		if !returned {
			err = fault(recover())
		}
	}()
	t = new(opened[A, B])
	t.kernel, t.onEnd, err = open(ctx)
	returned = true
	return t, err
}

// end calls what an Opener returned for the end, guarded. Where nothing is open there is nothing to end.
func (t *opened[A, B]) end(ctx context.Context) (err error) {
	if t == nil || t.onEnd == nil {
		return nil
	}
	returned := false
	defer func() {
		if !returned {
			err = fault(recover())
		}
	}()
	err = t.onEnd(ctx)
	returned = true
	return err
}

// fault is the error of a function that did not return: of its panic, or of Goexit where value is nil.
func fault(value any) error {
	if value == nil {
		return ErrGoexit
	}
	return recovered(value)
}

func (w *worker[A, B]) Close() {
	w.site.workers.Add(-1)
	w.close(w.opened, w.status())
}

func (w *worker[A, B]) status() StageStatus {
	left := int(w.site.workers.Load())
	return StageStatus{ActiveWorkers: left, Done: left == 0}
}

func (w *worker[A, B]) close(t *opened[A, B], status StageStatus) {
	err := ErrGoexit // unless end returns
	defer func() {
		if err != nil {
			w.site.run.closed(&StageError{Stage: w.of.cfg.name, Worker: w.index, Err: err})
		}
	}()
	err = t.end(WithStatus(context.WithoutCancel(w.ctx), status))
}
