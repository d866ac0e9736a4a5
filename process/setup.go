package process

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"

	"github.com/gopeln/pl"
)

// setup is a function given to [Setup], as both ends know it.
type setup struct {
	key, place string
	err        error // why runs that are given it must fail
	// call calls the function, in a worker, with the value that data encodes.
	call func(data []byte) error
}

// settingUp is one setup with the value that it was given.
type settingUp struct {
	*setup
	encode func() ([]byte, error)
}

// call is a setup with its value on its way to a worker.
type call struct {
	Key   string
	Value []byte
}

// Setup registers set, which workers call with a value that the program has when a run starts: for
// what is read after [Main], such as configuration, of which a worker would else know only what its
// own initialisation makes of it. Call it where stages are made, in a package-level variable, or in
// main before Main. What it returns makes options:
//
//	var (
//		limit     int
//		withLimit = process.Setup(func(n int) { limit = n })
//		check     = process.Map(checkAgainstLimit)
//	)
//
//	stage := check(rows).With(withLimit(config.Limit))
//
// Each worker of the stage calls set before OnStart; the program does not call it. A stage may be
// given several, which are called in the order of the options; of one that it is given twice the
// last value counts. The value is encoded when the run starts, as values of stages are by default.
// A panic in set, or Goexit, fails the run.
func Setup[T any](set func(T)) func(value T) pl.Option {
	s := registerSetup(reflect.TypeFor[T](), 1)
	values, err := channelFor[T](nil)
	switch {
	case s.err != nil:
	case set == nil:
		s.err = errors.New("the function is nil")
	case err != nil:
		s.err = strictly[T]()
	}
	s.call = func(data []byte) error {
		batch, err := values.decoder().Decode(data, 1)
		if err != nil {
			return explained("cannot decode the value", err)
		}
		return apart(func() error {
			set(batch[0])
			return nil
		})
	}
	return func(value T) pl.Option {
		encode := func() ([]byte, error) { return values.encoder().Append(nil, []T{value}) }
		return pl.Attach(s, settingUp{s, encode}, "Setup made at "+s.place, s.err)
	}
}

// strictly is why T does not travel by default. That a codec of its own could carry it is of no use
// here.
func strictly[T any]() error {
	s := shapeOf(reflect.TypeFor[T]())
	if s.err == nil {
		_, err := channelFor[T](nil)
		return err
	}
	return fmt.Errorf("%w; %s", s.err, s.advice())
}

// registerSetup enters a setup for values of type t. skip is the number of this package's frames
// between it and the user's call.
func registerSetup(t reflect.Type, skip int) *setup {
	_, file, line, _ := runtime.Caller(skip + 1)
	s := &setup{place: fmt.Sprintf("%s:%d", file, line)}
	registry.Lock()
	defer registry.Unlock()
	if complete() {
		s.err = fmt.Errorf("it was made after the program had begun, so a worker process would not find its function: move the "+
			"call to a package-level variable (var configure = process.Setup(...))%s", orBeforeMain())
		return s
	}
	s.key = fmt.Sprintf("Setup %s %s", s.place, t)
	registry.at[s.key]++
	s.key = fmt.Sprintf("%s #%d", s.key, registry.at[s.key])
	registry.setups[s.key] = s
	return s
}

// setupsOf encodes the values that a stage's setups are given.
func setupsOf(site *pl.Site) (calls []call, err error) {
	for _, value := range site.Settings() {
		s, ok := value.(settingUp)
		if !ok {
			continue
		}
		data, err := s.encode()
		if err != nil {
			return nil, explained("cannot encode the value of the Setup made at "+s.place, err)
		}
		calls = append(calls, call{s.key, data})
	}
	return calls, nil
}

// setUp calls the setups that a worker was told of.
func (w *worker) setUp() error {
	for _, c := range w.Setups {
		registry.Lock()
		s, ok := registry.setups[c.Key]
		registry.Unlock()
		if !ok {
			return fmt.Errorf("the worker process has no %s: it must be made in every process in the same way", c.Key)
		}
		if err := s.call(c.Value); err != nil {
			return &codecError{before: "Setup made at " + s.place + ": ", err: err}
		}
	}
	return nil
}
