package process

import (
	"bytes"
	"strings"
)

// reasons begin the lines with which the Go runtime says why it ends a program, before it prints
// stacks.
var reasons = []string{"fatal error: ", "panic: ", "runtime: ", "runtime/cgo: ", "unexpected fault address ", "[signal ", "SIG", detector}

// mayBeginDump reports whether a line of a worker's standard error may begin a crash dump.
func mayBeginDump(line []byte) bool {
	for _, r := range reasons {
		if bytes.HasPrefix(line, []byte(r)) {
			return true
		}
	}
	return false
}

// traceOf puts the reason in front of what the runtime has written to the crash output. Of a fatal
// error the reason is only in the dump on standard error, just before. thrown is the reason of a
// fatal error; of a panic it is empty, as its text is the user's.
func traceOf(crash string, dump []byte) (trace, thrown string) {
	if crash == "" {
		reason := detectorReason(dump)
		return reason, reason
	}
	if first, _, _ := strings.Cut(crash, "\n"); strings.HasPrefix(first, "fatal error: ") {
		return crash, first
	}
	if strings.HasPrefix(crash, "panic: ") {
		return crash, ""
	}
	const beginning = 200 // enough to find it by
	at := bytes.Index(dump, []byte(crash[:min(len(crash), beginning)]))
	if at < 0 {
		return crash, ""
	}
	var details []string
	lines := strings.Split(strings.TrimSpace(string(dump[:at])), "\n")
	for len(lines) > 0 {
		last := lines[len(lines)-1]
		if last != "" && !mayBeginDump([]byte(last)) {
			break
		}
		lines = lines[:len(lines)-1]
		if thrown == "" && strings.HasPrefix(last, "fatal error: ") {
			thrown = last
		} else if last != "" {
			details = append([]string{last}, details...)
		}
	}
	if thrown == "" {
		return crash, ""
	}
	trace = thrown + "\n"
	if len(details) > 0 {
		trace += strings.Join(details, "\n") + "\n"
	}
	return trace + "\n" + crash, thrown
}

// outOfMemory reports whether thrown, the reason of a fatal error, is the want of memory.
func outOfMemory(thrown string) bool {
	for _, words := range []string{
		"out of memory", "cannot allocate memory", "cannot map pages", "reserve", "failed to allocate",
		"address space collisions",
	} {
		if strings.Contains(thrown, words) {
			return true
		}
	}
	return false
}
