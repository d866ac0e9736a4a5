// Command small is a program with little else than a stage of package process, which measures how
// fast its workers start. Its argument is how often. It is run by package startup.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/gopeln/pl/process"

	"github.com/gopeln/pl/bench/startup"
)

func main() {
	process.Main()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "small:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("%d arguments, want the number of repetitions", len(os.Args)-1)
	}
	reps, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	times, err := startup.Measure(reps)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(times)
}
