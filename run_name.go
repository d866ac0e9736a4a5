package pl

import (
	"runtime"
	"strings"
)

// nameOfRun returns the Name that the last stage was given, or if there is none, the name of the
// function that runs the stage. A run may have no stage at all.
func nameOfRun(roots []node) string {
	last := &base{}
	if len(roots) > 0 {
		last = roots[len(roots)-1].meta()
	}
	if name := callingFunction(); name != "" && !last.cfg.named {
		return name
	}
	return last.cfg.name
}

// callingFunction returns the name of the function that has called this package, without the path
// of its package; "" if there is none.
func callingFunction() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		frame, more := frames.Next()
		if name := frame.Function; name != "" && !isOurs(name) {
			name = name[strings.LastIndexByte(name, '/')+1:]
			if caller, _, inlined := strings.Cut(name, ".Stage[...]."); inlined && strings.Contains(caller, ".") {
				name = caller // the loop over All has become part of it
			}
			return strings.ReplaceAll(name, "[...]", "")
		}
		if !more {
			return ""
		}
	}
}

// isOurs reports whether a function belongs to this package, or stands between it and the caller.
func isOurs(function string) bool {
	for _, prefix := range []string{"github.com/gopeln/pl.", "runtime.", "iter."} {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}
