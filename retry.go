package pl

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gopeln/pl/internal/advice"
)

// Retry calls the function again for a value that failed, panicked or ran out of time: up to
// attempts times in all, the first included, before [OnError] decides. wait returns how long to
// wait before the attempt of that number; the first call is for attempt 2. A nil wait means no
// wait; [Backoff] makes the usual one. The wait occupies the worker, ends with the run, and does
// not count toward [Timeout].
//
// [RetryIf] limits it to errors that are worth it. The function itself can say so by the error that
// it returns: see [Permanent] and [RetryAfter].
//
// A FlatMap that failed after it had yielded is called again from its start. As many results as it
// had yielded before count as the same ones, and are not yielded twice.
func Retry(attempts int, wait func(attempt int) time.Duration) Option {
	return option(optRetry, fmt.Sprintf("Retry(%d, …)", attempts), attempts >= 1, "must be at least 1 attempt",
		func(c *config) { c.policy.attempts, c.policy.wait = attempts, wait })
}

// RetryIf asks worth, before each further attempt of [Retry], whether err is worth one. err is what
// the function returned, or what became of its call, as in [StageError]. If it is not, the value
// has failed. worth is not asked after the last attempt, nor about an error that is [Permanent]. It
// is called by several workers at once. A panic in it fails the run.
func RetryIf(worth func(err error) bool) Option {
	return option(optRetryIf, "RetryIf", worth != nil, "the function must not be nil",
		func(c *config) { c.policy.worth = worth })
}

// Permanent marks an error that a stage's function returns as one that no further attempt can
// change: [Retry] makes none. The result has the text of err, and errors.Is and errors.As find err
// in it. The mark counts also if the function wraps the result or joins it with other errors.
// Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &advice.Error{Err: err, Permanent: true}
}

// RetryAfter marks an error that a stage's function returns with the time that must pass before
// [Retry] calls the function again, such as a server's Retry-After. The longer of d and Retry's own
// wait counts; of several marks, the longest. RetryAfter adds no attempt to those of Retry. The
// result has the text of err, and errors.Is and errors.As find err in it. The mark counts also if
// the function wraps the result or joins it with other errors. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &advice.Error{Err: err, After: d}
}

// Backoff returns a wait for [Retry] that doubles from first, at the second attempt, up to most.
// The actual wait is random, between half of that and all of it, so that workers that failed
// together do not try again together. A negative duration counts as 0, and most counts as first if
// it is less.
func Backoff(first, most time.Duration) func(attempt int) time.Duration {
	first = max(first, 0)
	most = max(most, first)
	return func(attempt int) time.Duration {
		d := first
		for range min(attempt-2, 63) {
			if d > most/2 {
				d = most
				break
			}
			d *= 2
		}
		return d - rand.N(d/2+1)
	}
}

// retry reports whether attempt n, which ended with err, is followed by another, and after what
// wait.
func (p *policy) retry(n int, err error) (again bool, after time.Duration) {
	if n >= p.attempts {
		return false, 0
	}
	permanent, after := advice.Of(err)
	if permanent || p.worth != nil && !p.worth(err) {
		return false, 0
	}
	if p.wait != nil {
		after = max(after, p.wait(n+1))
	}
	return true, after
}
