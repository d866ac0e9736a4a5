//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/command"
	"github.com/gopeln/pl/process"
)

// Two shells give the length of each line.
func Example() {
	script := `while IFS= read -r x; do echo ${#x}; done`
	length := command.Map(command.Lines(), []string{"sh", "-c", script}, pl.Workers(2))
	stage := pl.Ordered(length(pl.From("a", "two", "three")))
	fmt.Println(stage.Collect(context.Background()))
	// Output: [1 3 5] <nil>
}

// The process that a value has crashed is replaced; the other values have their answers.
func ExampleMap() {
	script := `while read x; do [ "$x" != bad ] || exit 3; echo "$x is fine"; done`
	check := command.Map(command.Lines(), []string{"sh", "-c", script}, pl.Name("check"), pl.Timeout(time.Minute),
		pl.OnError(func(_ context.Context, e *pl.StageError) error {
			fmt.Println(e.Item, "failed")
			return nil
		}))
	for answer, err := range check(pl.From("good", "bad", "better")).All(context.Background()) {
		fmt.Println(answer, err)
	}
	// Output:
	// good is fine <nil>
	// bad failed
	// better is fine <nil>
}

func ExampleLines() {
	greet := command.Map(command.Lines(), []string{"sh", "-c", `while read x; do echo "hello, $x"; done`})
	fmt.Println(greet(pl.From("you", "and you")).Collect(context.Background()))
	// Output: [hello, you hello, and you] <nil>
}

func ExampleJSONLines() {
	type page struct{ Title string }
	echo := command.Map(command.JSONLines[page, page](), []string{"cat"}) // cat answers what it was asked
	fmt.Println(echo(pl.From(page{"Go"}, page{"C\nC++"})).Collect(context.Background()))
	// Output: [{Go} {C
	// C++}] <nil>
}

// Of a program that speaks frames, cat is the shortest.
func ExampleFrames() {
	echo := command.Map(command.Frames(), []string{"cat"})
	for answer, err := range echo(pl.From([]byte("any\nbytes"), nil)).All(context.Background()) {
		fmt.Printf("%q %v\n", answer, err)
	}
	// Output:
	// "any\nbytes" <nil>
	// "" <nil>
}

func ExampleProtocol() {
	protocols := map[string]command.Protocol[string, string]{
		"text": command.Lines(),
		"json": command.JSONLines[string, string](),
	}
	echo := command.Map(protocols["json"], []string{"cat"})
	fmt.Println(echo(pl.From("one\ntwo")).Count(context.Background()))
	// Output: 1 <nil>
}

func ExampleRun() {
	wordCount := command.Run(func(ctx context.Context, text string) *exec.Cmd {
		cmd := exec.Command("wc", "-w")
		cmd.Stdin = strings.NewReader(text)
		return cmd
	}, pl.Workers(4))
	for out, err := range pl.Ordered(wordCount(pl.From("a b c", "d"))).All(context.Background()) {
		fmt.Println(out.In, strings.TrimSpace(string(out.Stdout)), err)
	}
	// Output:
	// a b c 3 <nil>
	// d 1 <nil>
}

func ExampleOutput() {
	greet := command.Run(func(context.Context, int) *exec.Cmd {
		return exec.Command("sh", "-c", "echo $GREETING")
	}, process.Env("GREETING=hello"))
	out, _, err := greet(pl.From(7)).First(context.Background())
	fmt.Printf("%d %q %v\n", out.In, out.Stdout, err)
	// Output: 7 "hello\n" <nil>
}

func ExampleExitError() {
	fail := command.Map(command.Lines(), []string{"sh", "-c", "read x; echo out of paper >&2; exit 4"})
	err := fail(pl.From("print")).Run(context.Background())
	if exit, ok := errors.AsType[*command.ExitError](err); ok {
		fmt.Printf("%s: %q\n", exit.State, exit.Stderr)
	}
	// Output: exit status 4: "out of paper\n"
}
