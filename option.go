package pl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Option is a setting of a stage. Only the functions of this package and of the backends make
// options; one type serves all of them. A later option overrides an earlier one of the same kind.
//
// A bad option never panics: the run fails before any value moves, with an error that names the
// stage, the option, the value and what is allowed.
type Option struct {
	kind  optionKind
	key   any    // of an attached option; else nil
	owner string // of an attached option: whose it is, as the beginning of a message
	text  string // how messages show the option: "Workers(0)"
	err   error  // what is wrong with its value, or nil
	set   func(*config)
}

// optionKind is a set of kinds of options. An option has one kind; an operator has the set of those
// that it accepts.
type optionKind uint

// The kinds, in the order of their names in String.
const (
	optWorkers optionKind = 1 << iota
	optMaxSize
	optName
	optTimeout
	optOnError
	optRetry
	optRetryIf
	optByKey
	optMaxWeight
	optTotal
	optKeepGoing
	optLimit
	optAttached

	// functionOptions are the options that an operator with a user's function accepts.
	functionOptions = optWorkers | optMaxSize | optName | optTimeout | optOnError | optRetry | optRetryIf |
		optByKey | optMaxWeight | optKeepGoing | optLimit | optAttached
)

// String lists the names of the kinds in the set, in the order of the constants.
func (k optionKind) String() string {
	var names []string
	for i, name := range []string{"Workers", "MaxSize", "Name", "Timeout", "OnError", "Retry", "RetryIf", "ByKey",
		"MaxWeight", "Total", "KeepGoing", "Limit", "options of its backend"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Workers sets how many workers the stage has, 1 by default.
func Workers(n int) Option {
	return option(optWorkers, fmt.Sprintf("Workers(%d)", n), n >= 1, "must be at least 1",
		func(c *config) { c.workers, c.staffed = n, true })
}

// MaxSize bounds the number of values in the stage's input queue. 0, the default, means no bound: a
// fast source then fills the memory with values that a slow stage has not yet taken. Set it if the
// source is large or endless.
func MaxSize(n int) Option {
	return option(optMaxSize, fmt.Sprintf("MaxSize(%d)", n), n >= 0, "must be at least 0 (0: no bound)",
		func(c *config) { c.maxSize, c.bounded = n, true })
}

// Name sets the stage's name, which errors, graphs, figures and profiles show. The default is the
// function's name, or for a function that has none, such as a literal or one made by [Lift], the
// operator and the place where it was made: "Map at main.go:14".
func Name(s string) Option {
	return option(optName, fmt.Sprintf("Name(%q)", s), s != "", "must not be empty",
		func(c *config) { c.name, c.named = s, true })
}

// Timeout bounds the time that the function may take for one value; 0, the default, means no bound.
// The clock runs while the function runs, not while it waits in yield or for room downstream. A
// value that takes longer fails with [ErrTimeout]: its context is cancelled, and the function's
// late result is dropped. What becomes of a function that ignores that depends on the backend:
// package thread abandons it, so that it may go on after the run has ended, package process kills
// its subprocess, and the others wait for it.
func Timeout(d time.Duration) Option {
	return option(optTimeout, fmt.Sprintf("Timeout(%v)", d), d >= 0, "must be at least 0 (0: none)",
		func(c *config) { c.timeout = d })
}

// Attach makes an option of a backend's own: [Site.Setting] returns value for key. As with
// context.WithValue, key should be of an unexported type of the backend. If the stage's backend
// does not know the key (see [Backend]), the run fails. text is how messages show the option, such
// as "Loops(0)". err, if it is not nil, says what is wrong with the value.
func Attach(key, value any, text string, err error) Option {
	owner := "it belongs to package " + optionPackage() + "; "
	return Option{kind: optAttached, key: key, text: text, owner: owner, err: err, set: func(c *config) {
		c.attached = append(slices.Clip(c.attached), attachment{key, value})
	}}
}

// Given returns what opts set: the name, which is empty if they set none, and the attached values
// by their keys. It is for backends that need these when the operator is made, before there is a
// run.
func Given(opts ...Option) (name string, setting func(key any) any) {
	c, _ := config{}.with(functionOptions, func(any) bool { return true }, opts)
	return c.name, c.setting
}

type attachment struct{ key, value any }

func option(kind optionKind, text string, ok bool, allowed string, set func(*config)) Option {
	o := Option{kind: kind, text: text, set: set}
	if !ok {
		o.err = errors.New(allowed)
	}
	return o
}

// config holds the settings of one stage.
type config struct {
	name       string
	named      bool // Name was given
	total      *int // of a source; nil: not given
	workers    int
	staffed    bool // Workers was given
	maxSize    int
	bounded    bool // MaxSize was given
	timeout    time.Duration
	policy     policy
	limiter    Limiter   // of Limit, or nil
	keys       inputFunc // a keys[A] of ByKey, or nil
	weight     inputFunc // a weightFunc[A] of MaxWeight, or nil
	mostWeight int64     // of MaxWeight; 0: no bound
	attached   []attachment
}

// with returns a copy of c with opts applied. known are the kinds of options that the operator
// accepts, and knowsKey reports whether it accepts an attached one.
func (c config) with(known optionKind, knowsKey func(key any) bool, opts []Option) (config, error) {
	var errs []error
	for _, o := range opts {
		switch {
		case o.set == nil:
			errs = append(errs, errors.New("an Option{} of no content: options are made by functions such as pl.Workers"))
		case o.kind&known == 0, o.kind == optAttached && !knowsKey(o.key):
			errs = append(errs, fmt.Errorf("%s: %sthis operator does not know the option; it knows %v", o.text, o.owner, known))
		case o.err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", o.text, o.err))
		default:
			o.set(&c)
		}
	}
	return c, errors.Join(errs...)
}

// oneByOne reports whether the values must begin one after the other in the order of arrival, each
// as soon as it has been admitted.
func (c *config) oneByOne() bool { return c.limiter != nil }

func (c *config) setting(key any) any {
	for _, a := range slices.Backward(c.attached) {
		if a.key == key {
			return a.value
		}
	}
	return nil
}
