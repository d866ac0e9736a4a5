//go:build !linux

package queue

import "errors"

// bell is not implemented: the system's poller is not known to be the cheaper place to wait.
type bell struct{}

func newBell() (*bell, error) { return nil, errors.ErrUnsupported }

func (*bell) wait(func() bool) bool { return false }
func (*bell) ring()                 {}
func (*bell) close()                {}
