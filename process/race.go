//go:build race

package process

import (
	"os"
	"strings"
)

// raceEnvironment keeps workers that are built with the race detector from sleeping for a second
// before they exit.
func raceEnvironment() []string { return []string{"GORACE=atexit_sleep_ms=0 " + os.Getenv("GORACE")} }

// detector begins the line with which the race detector says that it ends a program.
const detector = "=="

// detectorReason is the reason of the race detector in a dump, if there is one. Its own memory may
// be what is wanting.
func detectorReason(dump []byte) string {
	line, _, _ := strings.Cut(string(dump), "\n")
	if _, reason, ok := strings.Cut(line, "==ERROR: ThreadSanitizer "); ok {
		return reason
	}
	return ""
}
