// Program forgotten does not call process.Main, or too early, as its argument says.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

func addOne(_ context.Context, n int) (int, error) { return n + 1, nil }

var early = process.Map(addOne)

func main() {
	stage := early
	switch os.Args[1] {
	case "forgotten":
	case "late":
		process.Main()
		stage = process.Map(addOne)
	case "misplaced": // in the parent only, so a worker comes to the run
		if os.Getenv("PARENT") == "" {
			os.Setenv("PARENT", "was here")
			process.Main()
		}
	default:
		process.Main()
	}
	got, err := stage(pl.Range(3)).Collect(context.Background())
	fmt.Println(got, err)
}
