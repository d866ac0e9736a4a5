// Package leak finds what a run has left behind: goroutines, file descriptors, subprocesses. It is
// what package pltest and the tests of gopeln itself are built on.
package leak

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Holdings are the goroutines, and outside of virtual time the file descriptors and children, that
// there are before a run, to compare with those that there are after it.
type Holdings struct {
	bubble string // of the goroutine that asked; only its goroutines are looked at
	held   map[string]string
}

// Hold takes stock. Tests that use it outside of a bubble must not be parallel.
func Hold() Holdings {
	bubble := bubbleTag.FindString(stacks(false))
	return Holdings{bubble, holdings(bubble)}
}

// Check fails the test for everything that is there now and was not there before. What has just
// been told to end gets a moment to do so, unless the runtime knows that it never will.
func (h Holdings) Check(t testing.TB) {
	t.Helper()
	left := h.left()
	for pause := time.Millisecond; len(left) > 0 && pause < patience; pause += pause / 4 {
		h.wait(pause)
		left = h.left()
		if h.bubble == "" && findLeaks() {
			if left = h.left(); slices.ContainsFunc(slices.Collect(maps.Values(left)), endless) {
				break
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("left behind by the run: %s\n%s", key, left[key])
	}
}

// patience is the longest pause between two looks; all of them together are about five times as
// long.
const patience = 200 * time.Millisecond

// wait gives what ends the time to do so.
func (h Holdings) wait(pause time.Duration) {
	if h.bubble == "" {
		time.Sleep(pause)
		return
	}
	runtime.Gosched()
	synctest.Wait()
}

// left is what is there now and was not before.
func (h Holdings) left() map[string]string {
	left := holdings(h.bubble)
	maps.DeleteFunc(left, func(key, _ string) bool { _, before := h.held[key]; return before })
	return left
}

// findLeaks lets the runtime find goroutines that wait for what no other can reach any more, and
// reports whether it can: since Go 1.27. Their stacks say so then.
func findLeaks() bool {
	profile := pprof.Lookup("goroutineleak")
	return profile != nil && profile.WriteTo(io.Discard, 0) == nil
}

// endless reports whether a stack is that of a goroutine that the runtime has found to be one.
func endless(stack string) bool {
	header, _, _ := strings.Cut(stack, "\n")
	return strings.Contains(header, "(leaked)")
}

var (
	bubbleTag   = regexp.MustCompile(`synctest bubble \d+`)
	goroutineID = regexp.MustCompile(`^goroutine \d+`)
)

func holdings(bubble string) map[string]string {
	held := map[string]string{}
	for stack := range strings.SplitSeq(stacks(true), "\n\n") {
		header, _, _ := strings.Cut(stack, "\n")
		if bubbleTag.FindString(header) == bubble {
			held[goroutineID.FindString(header)] = stack
		}
	}
	if bubble == "" {
		maps.Copy(held, descriptors())
		maps.Copy(held, children())
	}
	return held
}

// stacks prints the stack of this goroutine, or of all.
func stacks(all bool) string {
	for size := 1 << 16; ; size *= 4 {
		text := make([]byte, size)
		if n := runtime.Stack(text, all); n < size {
			return string(text[:n])
		}
	}
}

// descriptors lists the open files that matter: the runtime's poller opens some for good. Without
// /proc there are none.
func descriptors() map[string]string {
	open := map[string]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err != nil || strings.Contains(target, "[eventpoll]") || strings.Contains(target, "[eventfd]") {
			continue // among them the descriptor that read the folder
		}
		open["descriptor "+entry.Name()+" "+target] = ""
	}
	return open
}

// children lists the processes that this one started and has not waited for, dead or alive. Without
// /proc there are none.
func children() map[string]string {
	parent := fmt.Appendf(nil, "\nPPid:\t%d\n", os.Getpid())
	kids := map[string]string{}
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		if status, err := os.ReadFile(file); err == nil && bytes.Contains(status, parent) {
			kids["child "+filepath.Base(filepath.Dir(file))] = string(status)
		}
	}
	return kids
}
