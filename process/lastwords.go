package process

import (
	"bytes"
	"slices"
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

// isEmpty reports whether there is nothing in a line.
func isEmpty(line []byte) bool { return len(bytes.TrimRight(line, "\n")) == 0 }

// longestReason is how much of what comes before the stacks is looked at.
const longestReason = 4 << 10

// lastReasons returns the lines at the end of text that may be the reason of a crash dump of which
// the stacks follow: those that may begin one, and empty ones.
func lastReasons(text []byte) []byte {
	from := len(text)
	for from > 0 {
		start := bytes.LastIndexByte(text[:from-1], '\n') + 1
		line := text[start:from]
		if len(text)-start > longestReason || !mayBeginDump(line) && !isEmpty(line) {
			break
		}
		from = start
	}
	return text[from:]
}

// mayFollowReason reports whether a crash dump may go on with line after its reason.
func mayFollowReason(line []byte) bool {
	return isEmpty(line) || bytes.HasPrefix(line, []byte("goroutine ")) || bytes.HasPrefix(line, []byte("runtime stack:"))
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
	at := crashAt(crash, dump)
	if saysWhy(crash) || at < 0 {
		return crash, ""
	}
	var details []string
	for _, line := range slices.Backward(strings.Split(string(lastReasons(dump[:at])), "\n")) {
		if thrown == "" && strings.HasPrefix(line, "fatal error: ") {
			thrown = line
		} else if line != "" {
			details = append(details, line)
		}
	}
	if thrown == "" {
		return crash, ""
	}
	slices.Reverse(details)
	return strings.Join(slices.Concat([]string{thrown}, details, []string{"", crash}), "\n"), thrown
}

// saysWhy reports whether what the runtime has written to the crash output begins with the reason.
func saysWhy(crash string) bool {
	return strings.HasPrefix(crash, "fatal error: ") || strings.HasPrefix(crash, "panic: ") || strings.HasPrefix(crash, "SIG")
}

// crashAt returns where in dump that begins which the runtime has written to the crash output too, or
// -1 if it is not there.
func crashAt(crash string, dump []byte) int {
	const beginning = 200 // enough to find it by
	return bytes.Index(dump, []byte(crash[:min(len(crash), beginning)]))
}

// beforeCrash returns what a worker wrote before its crash dump: lines that only looked like one, and
// what followed them.
func beforeCrash(crash string, dump []byte) []byte {
	at := crashAt(crash, dump)
	if at < 0 {
		return nil
	}
	if !saysWhy(crash) {
		at -= len(lastReasons(dump[:at]))
	}
	return dump[:at]
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
