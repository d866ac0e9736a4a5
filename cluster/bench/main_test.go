package main

import (
	"os"
	"strings"
	"testing"

	"github.com/gopeln/pl/cluster/embed"
)

func TestMain(m *testing.M) {
	embed.Main()
	play()
	os.Exit(m.Run())
}

func TestEachSectionHasFigures(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"-n", "100", "-reps", "1"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, s := range new(bench).sections() {
		_, part, ok := strings.Cut(out.String(), "## "+s.Name+": ")
		part, _, _ = strings.Cut(part, "\n## ")
		if figures := strings.Contains(part, "\n| "); !ok || !figures && !strings.Contains(part, "no redis-server") {
			t.Errorf("%s has printed no table: %s", s.Name, part)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-part", "nothing"}, {"-reps", "0"}, {"-n", "-1"}, {"-only", "("}} {
		if run(args, &strings.Builder{}) == nil {
			t.Errorf("%v: want an error", args)
		}
	}
}
