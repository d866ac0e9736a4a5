package command

import "time"

// SetGrace shortens the time that processes get to end, and returns what takes that back.
func SetGrace(d time.Duration) (restore func()) {
	before := grace
	grace = d
	return func() { grace = before }
}
