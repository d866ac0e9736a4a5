package process

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// setup is a function given to [Setup], as both ends know it.
type setup struct {
	key, place string
	err        error // why runs that are given it must fail
	// call calls the function, in a worker, with the value that data encodes.
	call func(data []byte) error
}

// MadeAt returns the place of the call of Setup.
func (s *setup) MadeAt() string { return s.place }

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
// A panic in set, or Goexit, fails the run. A stage of package cluster refuses it, since the workers
// there outlive the run and serve several programs.
func Setup[T any](set func(T)) func(value T) pl.Option {
	s := registerSetup(reflect.TypeFor[T](), 1)
	values, err := crossing.ChannelFor[T](nil)
	switch {
	case s.err != nil:
	case set == nil:
		s.err = errors.New("the function is nil")
	case err != nil:
		s.err = crossing.Strictly[T]()
	}
	s.call = func(data []byte) error {
		batch, err := values.Decoder().Decode(data, 1)
		if err != nil {
			return crossing.Explained("cannot decode the value", err)
		}
		return crossing.Apart(func() error {
			set(batch[0])
			return nil
		})
	}
	return func(value T) pl.Option {
		encode := func() ([]byte, error) { return values.Encoder().Append(nil, []T{value}) }
		return pl.Attach(s, settingUp{s, encode}, "Setup made at "+s.place, s.err)
	}
}

// setups are those that workers can be told of, by key.
var setups sync.Map

// registerSetup enters a setup for values of type t. skip is the number of this package's frames
// between it and the user's call.
func registerSetup(t reflect.Type, skip int) *setup {
	key, place, err := crossing.Numbered("Setup", t, skip+1)
	s := &setup{key: key, place: place}
	if err != nil {
		s.err = fmt.Errorf("it was made after the program had begun, so a worker process would not find its function: move the "+
			"call to a package-level variable (var configure = process.Setup(...))%s", crossing.OrBeforeMain("process.Main()"))
		return s
	}
	setups.Store(key, s)
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
			return nil, crossing.Explained("cannot encode the value of the Setup made at "+s.place, err)
		}
		calls = append(calls, call{s.key, data})
	}
	return calls, nil
}

// setUp calls the setups that a worker was told of.
func (w *worker) setUp() error {
	for _, c := range w.Setups {
		found, ok := setups.Load(c.Key)
		if !ok {
			return fmt.Errorf("the worker process has no %s: it must be made in every process in the same way", c.Key)
		}
		s := found.(*setup)
		if err := s.call(c.Value); err != nil {
			return crossing.Framed("Setup made at "+s.place+": ", err)
		}
	}
	return nil
}
