package pair

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/pltest"
)

func TestAPanicInShowLeavesNothingBehind(t *testing.T) {
	pltest.LeakCheck(t)
	fetch = func(_ context.Context, url string) (Page, error) { return Page{url}, nil }
	defer func() {
		if recover() != "no paper" {
			t.Error("the caller must see the panic")
		}
	}()
	_ = showAll(t.Context(), slices.Values(urls(1000)), func(Page) { panic("no paper") })
}

func TestAPanicInFetchIsAnErrorThatNamesTheAddress(t *testing.T) {
	fetch = func(_ context.Context, url string) (Page, error) { panic("no network") }
	err := showAll(t.Context(), slices.Values(urls(1)), func(Page) {})
	if _, ok := errors.AsType[*pl.PanicError](err); !ok || !strings.Contains(err.Error(), "page0") {
		t.Error(err)
	}
}
