package thread

import "github.com/gopeln/pl"

// host runs each worker on a goroutine of its own.
type host struct{}

func (host) Name() string     { return "thread" }
func (host) Start(s *pl.Site) { s.Employ() }
func (host) Goroutines() bool { return true }
