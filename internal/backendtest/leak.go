package backendtest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Holdings are the goroutines, and outside of virtual time the file descriptors and children, that there are before a
// run, to compare with those that there are after it.
type Holdings struct {
	bubble string // of the goroutine that asked; only its goroutines are looked at
	held   map[string]string
}

// Hold takes stock. Tests that use it outside of a bubble must not be parallel.
func Hold() Holdings {
	bubble := bubbleTag.FindString(stacks(false))
	return Holdings{bubble, holdings(bubble)}
}

// Check fails the test for everything that is there now and was not there before. What has just been told to end gets
// a moment to do so.
func (h Holdings) Check(t *testing.T) {
	t.Helper()
	var left map[string]string
	for range 200 {
		if h.bubble != "" {
			synctest.Wait()
		}
		left = holdings(h.bubble)
		maps.DeleteFunc(left, func(key, _ string) bool { _, before := h.held[key]; return before })
		if len(left) == 0 {
			return
		}
		if h.bubble == "" {
			time.Sleep(5 * time.Millisecond)
		} else {
			runtime.Gosched()
		}
	}
	for _, key := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("left behind by the run: %s\n%s", key, left[key])
	}
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

// descriptors lists the open files that matter: the runtime's poller opens some for good. Without /proc there are none.
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

// children lists the processes that this one started and has not waited for, dead or alive. Without /proc there are none.
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
