//go:build race

package process

import "os"

// raceEnvironment keeps workers that are built with the race detector from sleeping for a second before they exit.
func raceEnvironment() []string { return []string{"GORACE=atexit_sleep_ms=0 " + os.Getenv("GORACE")} }
