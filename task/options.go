package task

import (
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl"
)

// setting is the key of an option of this package.
type setting int

const (
	loops setting = iota
	blocking
)

// Loops spreads the stage's values over n event loops, each on a goroutine of its own; the default
// is 1. Only tasks of the same loop exclude each other, and each loop has its own resource. n must
// be at least 1. The loops share the Workers, so there are at most as many loops as Workers.
func Loops(n int) pl.Option {
	var err error
	if n < 1 {
		err = errors.New("must be at least 1")
	}
	return pl.Attach(loops, n, fmt.Sprintf("Loops(%d)", n), err)
}

// Blocking runs the stage's function off the loop, up to Workers at once, each on a goroutine. It
// is for functions that block and cannot await. They hold up no tasks, but they also run in
// parallel with tasks and with each other. Sleep, Await and the others work in them as outside a
// task.
func Blocking() pl.Option { return pl.Attach(blocking, true, "Blocking()", nil) }

// config has the settings of a stage.
type config struct {
	seats, loops int
	blocking     bool
	timeout      time.Duration
	moves        bool // the end of the Timeout moves during a call, while yield waits
}

func configOf(s *pl.Site) (config, error) {
	c := config{seats: s.Workers(), loops: 1, timeout: s.Timeout(), moves: s.Results() == pl.Many}
	if n, ok := s.Setting(loops).(int); ok {
		c.loops = n
	}
	c.blocking = s.Setting(blocking) != nil
	if c.loops > 1 && c.blocking {
		return c, fmt.Errorf("Blocking() with Loops(%d): a blocking function does not run on a loop; "+
			"leave one of the two out", c.loops)
	}
	c.loops = min(c.loops, c.seats)
	return c, nil
}
