package pl

import "context"

// Resource is what each worker opens when it starts, gives to its function with every value, and
// closes when it ends; pypeln has on_start and on_end for it. It is an immutable value, made with
// [OnStart].
type Resource[R any] struct {
	open  func(ctx context.Context) (R, error)
	close func(ctx context.Context, resource R) error
}

// OnStart returns a Resource that open opens. Each worker calls open once, before its first value,
// even if there will be none; see the package comment of a backend for how many workers there are.
// If open fails, the run fails.
func OnStart[R any](open func(ctx context.Context) (R, error)) Resource[R] {
	return Resource[R]{open: open}
}

// OnEnd returns a copy of r that closeFn closes. closeFn is called once for every worker whose
// OnStart succeeded, whatever ended the run, before the stages downstream see the end, with a
// context that is not cancelled. Its error joins the run's error. If the consumer has left the
// loop, and so gets no error, it is logged.
func (r Resource[R]) OnEnd(closeFn func(ctx context.Context, resource R) error) Resource[R] {
	r.close = closeFn
	return r
}

// Err returns an error if r was not made with OnStart, or with a nil function. It is for backends;
// see [Operation].
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

// WorkerInfo identifies the worker that runs a function.
type WorkerInfo struct {
	Stage string
	Index int // from 0; below the stage's Workers
}

// WorkerFrom returns the worker that runs a stage's function, an OnStart or an OnEnd, given the
// context of that call. For other contexts it returns a zero WorkerInfo.
func WorkerFrom(ctx context.Context) WorkerInfo {
	info, _ := ctx.Value(workerKey{}).(WorkerInfo)
	return info
}

// StageStatus is the state of a stage while its workers end.
type StageStatus struct {
	ActiveWorkers int  // workers that have not ended yet, without the calling one
	Done          bool // whether ActiveWorkers is 0
}

// StatusFrom returns the state of the worker's stage, given the context of an OnEnd. The last
// worker sees Done. For other contexts it returns a zero StageStatus.
func StatusFrom(ctx context.Context) StageStatus {
	status, _ := ctx.Value(statusKey{}).(StageStatus)
	return status
}

type (
	workerKey struct{}
	statusKey struct{}
)

// WithWorker returns a context in which [WorkerFrom] finds info. It is for backends that run
// functions elsewhere.
func WithWorker(ctx context.Context, info WorkerInfo) context.Context {
	return context.WithValue(ctx, workerKey{}, info)
}

// WithStatus returns a context in which [StatusFrom] finds status. It is for backends that run
// functions elsewhere.
func WithStatus(ctx context.Context, status StageStatus) context.Context {
	return context.WithValue(ctx, statusKey{}, status)
}
