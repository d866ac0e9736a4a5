package process

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/crossing"
)

// key is of the stage options of this package.
type key int

const (
	keyMemoryLimit key = iota
	keyStderr
)

// Recycle replaces a worker after n values, by an orderly end and a new process: for functions that
// leak.
func Recycle(n int) pl.Option {
	return attach(child.Recycle, n, fmt.Sprintf("Recycle(%d)", n), n >= 1, "must be at least 1")
}

// Env adds variables, each "NAME=value", to what the workers inherit of the program's environment.
// Where a stage is given it twice the last counts.
func Env(kv ...string) pl.Option {
	bad := slices.IndexFunc(kv, func(s string) bool { return strings.IndexByte(s, '=') < 1 })
	return attach(child.Env, slices.Clone(kv), fmt.Sprintf("Env(%q)", kv), bad < 0, `must be of the form "NAME=value"`)
}

// MemoryLimit bounds the memory that each worker may take beyond what it has when it starts, in
// bytes. The collector does what it can; over the limit the worker dies, and its value fails with a
// *[CrashError] that is [ErrMemory]. What is enforced is rounded up to the steps in which the Go
// runtime reserves memory: 64 MB, or 4 MB on 32-bit systems. If a worker cannot start within the
// limit, the run fails and says so. It has an effect on Linux only.
func MemoryLimit(bytes int64) pl.Option {
	return attach(keyMemoryLimit, bytes, fmt.Sprintf("MemoryLimit(%d)", bytes), bytes >= 1, "must be at least 1 byte")
}

// WithCodec chooses how values and results travel: [Gob], [Raw], or a codec of your own. It must be
// given where the stage is made, since the worker has to know it.
//
// The default is Raw for []byte and string; all other types travel by gob's rules, but whole: a
// type with parts that gob would leave out is refused, with advice on what to change. Naming Gob
// makes it gob for all, and accepts gob's own rules: channels, functions and unexported fields stay
// behind, a pointer to a zero value arrives as nil, and a time.Time loses its location.
func WithCodec(c Codec) pl.Option {
	return attach(crossing.WithCodec, c, fmt.Sprintf("WithCodec(%T)", c), c != nil, "must not be nil")
}

// Stderr takes the standard error of the stage's workers: whole lines, one Write at a time in a run
// of the stage, with the crash dump of a worker that dies. What w returns, also a panic, changes
// nothing for the run, but a Write that does not return holds it up.
//
// The default is the program's standard error, without the crash dumps that are in a *[CrashError].
func Stderr(w io.Writer) pl.Option {
	return attach(keyStderr, w, "Stderr", w != nil, "the writer must not be nil")
}

func attach(k any, value any, text string, ok bool, allowed string) pl.Option {
	var err error
	if !ok {
		err = errors.New(allowed)
	}
	return pl.Attach(k, value, text, err)
}

// settings are the options of this package that a stage was given.
type settings struct {
	recycle     int
	env         []string
	memoryLimit int64
	codec       Codec
	stderr      io.Writer
}

func settingsOf(setting func(key any) any) (s settings) {
	s.recycle, _ = setting(child.Recycle).(int)
	s.env, _ = setting(child.Env).([]string)
	s.memoryLimit, _ = setting(keyMemoryLimit).(int64)
	s.codec, _ = setting(crossing.WithCodec).(Codec)
	s.stderr, _ = setting(keyStderr).(io.Writer)
	return s
}
