package pair

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gopeln/pl"
)

func TestAPanicIsAnErrorThatNamesTheAddress(t *testing.T) {
	visit = func(context.Context, string) error { panic("no network") }
	asked := 0
	err := visitAll(t.Context(), urls(1, &asked))
	if e, ok := errors.AsType[*pl.PanicError](err); !ok || len(e.Stack) == 0 || !strings.Contains(err.Error(), "page0") {
		t.Error(err)
	}
}
