//go:build !race

package pl_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hotCalls are the functions of the hot path, with all that each may call of this package and of
// the queues. The rest of what it calls in the source must be inlined: a call costs about 15 % of a
// value's price.
var hotCalls = map[string][]string{
	"pl.(*worker).streamWindow":  {"pl.(*worker).receive", "queue.(*In).AnnounceClaim", "queue.(*Out).Publish"},
	"pl.(*worker).streamOne":     {"pl.(*worker).receive", "queue.(*Out).Publish", "pl.(*valueLoop).putChannel"},
	"pl.(*worker).stream":        {"pl.(*worker).receive", "pl.(*valueLoop).end"},
	"pl.(*worker).receive":       {"queue.(*In).next", "queue.(*In).Remove", "queue.(*Channel).Take", "pl.(*counts).take"},
	"pl.(*worker).putAndTake":    {"queue.(*Out).Publish", "queue.(*In).Remove"},
	"pl.(*valueLoop).handOn":     {"queue.(*Out).Publish", "pl.(*valueLoop).putChannel", "pl.(*valueLoop).handOnSlowly", "pl.(*counts).give"},
	"pl.windowFlow":              {"queue.(*In).next", "queue.(*In).Remove"},
	"queue.(*Out).Publish":       {"queue.(*Out).announceValue", "queue.(*Out).grow", "queue.(*Out).handOver", "queue.(*Windowed).acquire"},
	"queue.(*In).Remove":         {"queue.(*In).AnnounceClaim"},
	"queue.(*In).next":           {"queue.(*In).fill"},
	"pl.(*valueLoop).endAttempt": {"pl.(*valueLoop).end", "pl.(*valueLoop).applyPolicy"},
}

// program has each hot function, instantiated outside the packages that declare it, as users'
// programs have.
const program = `package main

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

func main() {
	same := func(_ context.Context, x int) (int, error) { return x, nil }
	keep := func(context.Context, int) (bool, error) { return true, nil }
	s := pl.Pipe3(pl.Range(10), thread.Map(same), task.Map(same), thread.Filter(keep))
	for range s.All(context.Background()) {
	}
}
`

// The compiler inlines a function as long as it is small, and across packages only from generic
// ones. One edit can end that, without an error: this test looks at what is called in a program
// that was built.
func TestTheHotPathIsInlined(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("knows the calls of amd64 and arm64 only")
	}
	called := callsIn(t, build(t, program))
	for function, allowed := range hotCalls {
		calls, ok := called[function]
		if !assert.True(t, ok, "%s is not in the program; the hot path has another name", function) {
			continue
		}
		for _, callee := range calls {
			assert.Contains(t, allowed, callee, "%s calls it: it is no longer inlined; go build -gcflags=-m=2 says why", function)
		}
	}
}

// build makes a program of a source that may import this module, and returns its path.
func build(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	main, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program.exe")
	require.NoError(t, os.WriteFile(main, []byte(source), 0o600))
	out, err := exec.Command("go", "build", "-o", binary, main).CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

var (
	textLine  = regexp.MustCompile(`^TEXT github\.com/gopeln/(?:pl/internal/)?(\S+)\(SB\)`)
	callLine  = regexp.MustCompile(`CALL github\.com/gopeln/(?:pl/internal/)?(\S+)\(SB\)`)
	typeNames = regexp.MustCompile(`\[.*?\]`)
)

// callsIn disassembles a program. It returns, for each function of package pl and of the queues,
// the functions of these that it calls, all without type arguments.
func callsIn(t *testing.T, binary string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "tool", "objdump", "-s", `gopeln/pl`, binary).Output()
	require.NoError(t, err)
	called := map[string][]string{}
	function := ""
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if m := textLine.FindStringSubmatch(lines.Text()); m != nil {
			function = typeNames.ReplaceAllString(m[1], "")
			if _, seen := called[function]; !seen {
				called[function] = nil
			}
		} else if m := callLine.FindStringSubmatch(lines.Text()); m != nil {
			callee := typeNames.ReplaceAllString(m[1], "")
			if !slices.Contains(called[function], callee) {
				called[function] = append(called[function], callee)
			}
		}
	}
	return called
}
