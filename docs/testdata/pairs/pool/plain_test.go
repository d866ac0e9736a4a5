package pair

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestAPanicEndsTheProgram(t *testing.T) {
	asked := 0
	if os.Getenv("PANIC") != "" {
		visit = func(context.Context, string) error { panic("no network") }
		t.Log(visitAll(t.Context(), urls(1, &asked)))
		return
	}
	again := exec.Command(os.Args[0], "-test.run=TestAPanicEndsTheProgram")
	again.Env = append(os.Environ(), "PANIC=1")
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: no network") {
		t.Errorf("%v: %s; the document says that the program ends", err, out)
	}
}
