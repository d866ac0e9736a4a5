package pl

import "context"

// tenure is what an Opener made: it changes when a worker is replaced after a timeout.
type tenure[A, B any] struct {
	kernel Kernel[A, B]
	close  func(context.Context) error
}

func (w *worker[A, B]) Open() bool {
	err := ErrGoexit // unless begin returns
	defer func() {
		if err != nil && w.site.ctx.Err() == nil {
			w.site.Fail(&StageError{Stage: w.site.Name(), Worker: w.index, Err: err})
		}
	}()
	var t *tenure[A, B]
	if t, err = begin(w.ctx, w.open); err == nil {
		w.tenure = t
	}
	return err == nil
}

// begin calls an Opener, guarded.
func begin[A, B any](ctx context.Context, open Opener[A, B]) (t *tenure[A, B], err error) {
	returned := false
	defer func() {
		if !returned {
			err = fault(recover())
		}
	}()
	t = new(tenure[A, B])
	t.kernel, t.close, err = open(ctx)
	returned = true
	return t, err
}

// end calls what an Opener returned for the end, guarded. Without a tenure there is nothing to end.
func (t *tenure[A, B]) end(ctx context.Context) (err error) {
	if t == nil || t.close == nil {
		return nil
	}
	returned := false
	defer func() {
		if !returned {
			err = fault(recover())
		}
	}()
	err = t.close(ctx)
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
	w.closeTenure(w.tenure, w.status())
}

func (w *worker[A, B]) status() StageStatus {
	left := int(w.site.workers.Load())
	return StageStatus{ActiveWorkers: left, Done: left == 0}
}

func (w *worker[A, B]) closeTenure(t *tenure[A, B], status StageStatus) {
	err := ErrGoexit // unless end returns
	defer func() {
		if err != nil {
			w.site.run.closed(&StageError{Stage: w.site.Name(), Worker: w.index, Err: err})
		}
	}()
	err = t.end(WithStatus(context.WithoutCancel(w.ctx), status))
}
