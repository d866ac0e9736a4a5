package pl

import "context"

// Resource is what each worker opens when it starts and closes when it ends, given to its function with every value:
// pypeln's on_start and on_end. It is an immutable value. Make it with [OnStart].
type Resource[R any] struct {
	open  func(ctx context.Context) (R, error)
	close func(ctx context.Context, resource R) error
}

// OnStart makes a Resource that open opens. Each worker calls open once before its first value, also where there is
// none; see the package comment of a backend for how many workers there are. Where it fails, the run fails.
func OnStart[R any](open func(ctx context.Context) (R, error)) Resource[R] {
	return Resource[R]{open: open}
}

// OnEnd returns a copy of r that closeFn closes. closeFn is called once for every worker whose OnStart succeeded,
// whatever ended the run, before the stages downstream see the end, with a context that is not cancelled. Its error
// joins the run's error; where the consumer has left the loop and nobody is left to be told, it is logged.
func (r Resource[R]) OnEnd(closeFn func(ctx context.Context, resource R) error) Resource[R] {
	r.close = closeFn
	return r
}

// Err tells what is wrong with r, if anything: it was not made with OnStart, or with no function. It is for backends; see
// [Operation].
func (r Resource[R]) Err() error {
	if r.open == nil {
		return errNoOpen
	}
	return nil
}

// Open calls the function given to OnStart. It is for backends; see [Opener].
func (r Resource[R]) Open(ctx context.Context) (R, error) {
	if err := r.Err(); err != nil {
		var zero R
		return zero, err
	}
	return r.open(ctx)
}

// Close calls the function given to OnEnd, if there is one. It is for backends.
func (r Resource[R]) Close(ctx context.Context, resource R) error {
	if r.close == nil {
		return nil
	}
	return r.close(ctx, resource)
}

// WorkerInfo tells which worker runs a function.
type WorkerInfo struct {
	Stage string
	Index int // from 0; below the stage's Workers
}

// WorkerFrom tells, in a stage's function and in OnStart and OnEnd, which worker runs it. Elsewhere it is zero.
func WorkerFrom(ctx context.Context) WorkerInfo {
	info, _ := ctx.Value(workerKey{}).(WorkerInfo)
	return info
}

// StageStatus tells how a stage stands while its workers end.
type StageStatus struct {
	ActiveWorkers int  // workers that have not ended yet, without the one that asks
	Done          bool // none is left
}

// StatusFrom tells, in OnEnd, how the worker's stage stands. The last worker sees Done. Elsewhere it is zero.
func StatusFrom(ctx context.Context) StageStatus {
	status, _ := ctx.Value(statusKey{}).(StageStatus)
	return status
}

type (
	workerKey struct{}
	statusKey struct{}
)

// WithWorker returns a context in which [WorkerFrom] gives info. It is for backends that run functions elsewhere.
func WithWorker(ctx context.Context, info WorkerInfo) context.Context {
	return context.WithValue(ctx, workerKey{}, info)
}

// WithStatus returns a context in which [StatusFrom] gives status. It is for backends that run functions elsewhere.
func WithStatus(ctx context.Context, status StageStatus) context.Context {
	return context.WithValue(ctx, statusKey{}, status)
}
