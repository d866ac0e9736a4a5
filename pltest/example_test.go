package pltest_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/pltest"
	"github.com/gopeln/pl/thread"
)

// t is the test's own; an example has none.
var t testing.TB = &recorder{}

// parse is the step under test.
var parse = thread.Map(pl.Try(strconv.Atoi), pl.Workers(4))

func ExampleLeakCheck() {
	// func TestParse(t *testing.T) {
	pltest.LeakCheck(t)
	pltest.Collect(t, parse, "1", "2")
	// }
}

func ExampleCollect() {
	fmt.Println(pltest.Collect(t, pl.Compose(parse, pl.Ordered[int]), "1", "2", "3"))
	// Output: [1 2 3]
}

// What becomes of the others when one value fails?
func ExampleFail() {
	p := pl.Compose(pltest.Fail[string](errors.New("bad day"), 1), parse)
	got, err := p(pl.From("1", "2", "3")).Collect(context.Background())
	fmt.Println(len(got) <= 1, err)
	// Output: true pl: stage "pltest.Fail", worker 0, value "2": bad day
}

func ExamplePanic() {
	stage := pltest.Panic[string]("bug", 0)(pl.From("1", "2", "3")).With(pl.OnError(pl.Skip))
	fmt.Println(stage.Collect(context.Background()))
	// Output: [2 3] <nil>
}

func ExampleDelay() {
	start := time.Now()
	p := pl.Compose(pltest.Delay[string](10*time.Millisecond, 0), parse)
	fmt.Println(pltest.Collect(t, p, "1"), time.Since(start) >= 10*time.Millisecond)
	// Output: [1] true
}
