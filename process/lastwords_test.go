//go:build unix

package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/child"
)

const stacks = "goroutine 7 [running]:\nmain.f()\n\tmain.go:7\n"

// speech is what a worker writes: pieces, after each of which the reader's patience ends, and its
// last words.
type speech struct {
	pieces []string
	ahead  string // of the last words, at once
	crash  string
	told   bool
}

// hear returns what becomes of s: the trace, why the worker ended, and what was passed on to the
// program's standard error before the end and in all.
func (s speech) hear(t *testing.T, err *stderr) (trace, thrown, before, all string) {
	t.Helper()
	usual := os.Stderr
	defer func() { os.Stderr = usual }()
	file, fail := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, fail)
	defer file.Close()
	os.Stderr = file
	text := func() string {
		b, fail := os.ReadFile(file.Name())
		require.NoError(t, fail)
		return string(b)
	}
	r := &stderrReader{stderr: err, proc: &child.Process{}, drained: make(chan struct{})}
	for _, piece := range s.pieces {
		r.take([]byte(piece))
		require.True(t, r.goOn())
	}
	before = text()
	r.take([]byte(s.ahead + s.crash))
	r.enter(dead, 0)
	require.True(t, r.goOn())
	r.take([]byte("from a process that it left\n"))
	trace, thrown = traceOf(strings.TrimSpace(s.crash), r.lastWords())
	r.decide(s.told, strings.TrimSpace(s.crash))
	r.finish()
	return trace, thrown, before, text()
}

func TestAReasonThatWasPassedOnIsRemembered(t *testing.T) {
	const left = "from a process that it left\n"
	for name, c := range map[string]struct {
		pieces []string
		crash  string
		reason string // the first lines of the trace
		thrown string
	}{
		"one line": {[]string{"fatal error: concurrent map writes\n"}, "\n" + stacks,
			"fatal error: concurrent map writes\n\n", "fatal error: concurrent map writes"},
		"the line's end comes later": {[]string{"fatal error: concurrent", " map writes\n"}, "\n" + stacks,
			"fatal error: concurrent map writes\n\n", "fatal error: concurrent map writes"},
		"several, each alone": {
			[]string{"ordinary\n", "runtime: goroutine stack exceeds 1000-byte limit\n", "runtime: sp=0x1\n", "fatal error: stack overflow\n", "\n"},
			"runtime stack:\nruntime.throw()\n\n" + stacks,
			"fatal error: stack overflow\nruntime: goroutine stack exceeds 1000-byte limit\nruntime: sp=0x1\n\nruntime stack:\n",
			"fatal error: stack overflow"},
		"memory": {[]string{"runtime: out of memory: cannot allocate 4-byte block\n", "fatal error: out of memory\n"}, "\n" + stacks,
			"fatal error: out of memory\nruntime: out of memory: cannot allocate 4-byte block\n\n", "fatal error: out of memory"},
		"a fault": {[]string{"unexpected fault address 0x1\n", "fatal error: fault\n"}, "[signal SIGBUS: bus error]\n\n" + stacks,
			"fatal error: fault\nunexpected fault address 0x1\n\n[signal SIGBUS: bus error]\n", "fatal error: fault"},
		"a panic":           {[]string{"panic: a lie\n"}, "panic: astray [recovered]\n\tpanic: again\n\n" + stacks, "panic: astray [recovered]\n", ""},
		"a signal":          {[]string{"fatal error: out of memory\n"}, "SIGQUIT: quit\nPC=0x1\n\n" + stacks, "SIGQUIT: quit\n", ""},
		"forgotten":         {[]string{"fatal error: a lie\n", "ordinary\n"}, "\n" + stacks, "goroutine 7 [running]:\n", ""},
		"forgotten at once": {[]string{"fatal error: a lie\nordinary\n"}, "\n" + stacks, "goroutine 7 [running]:\n", ""},
		"replaced":          {[]string{"fatal error: a lie\nordinary\n", "fatal error: true\n"}, "\n" + stacks, "fatal error: true\n\n", "fatal error: true"},
		"killed meanwhile":  {[]string{"fatal error: true\n"}, "\ngoroutine 7 [run", "fatal error: true\n\ngoroutine 7 [run", "fatal error: true"},
		"killed before":     {[]string{"fatal error: true\n"}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			spoken := strings.Join(c.pieces, "")
			for _, told := range []bool{false, true} {
				s := speech{pieces: c.pieces, crash: c.crash, told: told}
				trace, thrown, before, all := s.hear(t, &stderr{})
				assert.True(t, strings.HasPrefix(trace, c.reason), trace)
				assert.True(t, strings.HasSuffix(trace, strings.TrimSpace(c.crash)), trace)
				assert.Equal(t, c.thrown, thrown)
				assert.Equal(t, spoken, before)
				rest := strings.TrimPrefix(all, before)
				if strings.HasPrefix(name, "forgotten") || !told { // then it may come after what is left
					require.Contains(t, rest, c.crash)
					rest = strings.Replace(rest, c.crash, "", 1)
				}
				assert.Equal(t, left, rest)

				var own bytes.Buffer
				trace, _, before, all = s.hear(t, &stderr{own: &own})
				assert.True(t, strings.HasPrefix(trace, c.reason), trace)
				assert.Empty(t, before+all)
				assert.Equal(t, spoken+c.crash+left, own.String())
			}
		})
	}
}

func TestOnlyTheDumpItselfIsKeptBack(t *testing.T) {
	const ordinary, left = "panic: a lie\nordinary\n", "from a process that it left\n"
	for name, c := range map[string]struct{ reason, crash, trace string }{
		"a panic":       {"", "panic: astray\n\n" + stacks, "panic: astray\n"},
		"a fatal error": {"runtime: why\nfatal error: true\n", "\n" + stacks, "fatal error: true\nruntime: why\n\n"},
		"all of it":     {"", "fatal error: true\n\n" + stacks, "fatal error: true\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := speech{ahead: ordinary + c.reason, crash: c.crash, told: true}
			trace, _, before, all := s.hear(t, &stderr{})
			assert.True(t, strings.HasPrefix(trace, c.trace), trace)
			assert.Empty(t, before)
			assert.ElementsMatch(t, strings.SplitAfter(ordinary+left, "\n"), strings.SplitAfter(all, "\n"))
		})
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	var own bytes.Buffer
	r := &stderrReader{stderr: &stderr{own: &own}, proc: &child.Process{}, drained: make(chan struct{})}
	for i := range 1000 {
		r.take(fmt.Appendf(nil, "panic: value %d is bad, and was recovered\n", i))
		require.True(t, r.goOn())
		require.LessOrEqual(t, cap(r.past), 2*longestReason)
		require.Nil(t, r.dump)
	}
	r.take([]byte("ordinary\n"))
	require.Nil(t, r.past)
	require.Equal(t, 1001, bytes.Count(own.Bytes(), []byte("\n")))
}
