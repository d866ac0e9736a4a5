package files

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gopeln/pl"
)

// Option is a setting of a source. A later one overrides an earlier one of the same kind. A bad
// option, or one that the source does not know, fails the run before any value moves.
type Option struct {
	kind optionKind
	text string
	err  error
	set  func(*settings)
}

type optionKind uint

const (
	optMaxLine optionKind = 1 << iota
	optComma
	optHeader
)

// settings are what the options of one source come to.
type settings struct {
	maxLine int // 0: any length
	comma   rune
	header  bool
}

// MaxLine makes a line of [Lines] that is longer than n bytes, without its ending, an error, and
// bounds the memory that a line may take.
func MaxLine(n int) Option {
	o := Option{kind: optMaxLine, text: fmt.Sprintf("MaxLine(%d)", n), set: func(s *settings) { s.maxLine = n }}
	if n < 1 {
		o.err = errors.New("must be at least 1")
	}
	return o
}

// Comma sets what stands between the fields of [CSV], instead of a comma.
func Comma(r rune) Option {
	o := Option{kind: optComma, text: fmt.Sprintf("Comma(%q)", r), set: func(s *settings) { s.comma = r }}
	if r == 0 || r == '"' || r == '\r' || r == '\n' || !utf8.ValidRune(r) || r == utf8.RuneError {
		o.err = errors.New("must be a character other than a quote or the end of a line")
	}
	return o
}

// Header says that the first record of [CSV] names the fields: it is no value, and a record that
// has fewer or more fields than it is an error.
func Header() Option {
	return Option{kind: optHeader, text: "Header()", set: func(s *settings) { s.header = true }}
}

// String lists the options.
func (k optionKind) String() string {
	var names []string
	for i, name := range []string{"MaxLine", "Comma", "Header"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// source makes the stage of a text's values, which read yields. known are the options that it
// knows.
func source[T any](
	name string, open Opener, known optionKind, opts []Option,
	read func(in *input, set settings, yield func(T) bool) error,
) pl.Stage[T] {
	set, err := with(known, opts)
	if open == nil {
		err = errors.Join(errors.New("the Opener is nil; files.Open makes one"), err)
	}
	if err != nil {
		return broken[T](name, err)
	}
	stage := pl.FromFunc(func(ctx context.Context, yield func(T) bool) error {
		return consume(ctx, open, func(in *input) error { return read(in, set, yield) })
	})
	return stage.With(pl.Name(name))
}

func with(known optionKind, opts []Option) (set settings, err error) {
	set.comma = ','
	var errs []error
	for _, o := range opts {
		switch {
		case o.set == nil:
			errs = append(errs, errors.New("an Option{} of no content: options are made by functions such as files.MaxLine"))
		case o.kind&known == 0:
			errs = append(errs, fmt.Errorf("%s: this source does not know the option; it knows %v", o.text, known))
		case o.err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", o.text, o.err))
		default:
			o.set(&set)
		}
	}
	return set, errors.Join(errs...)
}

// broken is a stage whose every run fails with err before any value moves.
func broken[T any](name string, err error) pl.Stage[T] {
	op := pl.Operation[T, T]{Func: broken[T], Err: err}
	return pl.NewInline[T, T]("source", op, pl.Name(name))(pl.From[T]())
}
