package monitor

import (
	"io"
	"time"
)

// Option is a setting of a view. A view takes all options and heeds those that concern it; a later
// one overrides an earlier one of the same kind. The zero Option sets nothing.
type Option struct{ set func(*options) }

// options are what the options of one view come to. A zero field is one that was not given.
type options struct {
	show   func(any) string
	writer io.Writer
	every  time.Duration
	plain  bool
}

func newOptions(opts []Option) (o options) {
	for _, opt := range opts {
		if opt.set != nil {
			opt.set(&o)
		}
	}
	return o
}

// Values shows the values of a stage's slowest calls, as show formats them, cut to 80 characters.
// Without it only their numbers are shown, since values may be secret. show is called seldom, by
// the workers of the run, also several at once; if it panics, what it said is shown instead. Where
// several views of one context have this option, all of them show what that of the innermost says.
func Values(show func(any) string) Option {
	return Option{func(o *options) { o.show = show }}
}

// Writer sets where [Progress] writes, instead of to [os.Stderr].
func Writer(w io.Writer) Option {
	return Option{func(o *options) { o.writer = w }}
}

// Every sets how often a view of a run under way is brought up to date. What is not above 0 means
// the view's default: a second for the page of a [Monitor].
func Every(d time.Duration) Option {
	return Option{func(o *options) { o.every = max(d, 0) }}
}

// Plain makes [Progress] write text without colours, and without anything else that only a terminal
// understands.
func Plain() Option {
	return Option{func(o *options) { o.plain = true }}
}
