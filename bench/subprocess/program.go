package subprocess

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/command"
)

// Programs prints what it costs to have values handled by a program, here cat, which answers each line with itself.
func Programs(e measure.Effort, w io.Writer) error {
	n := e.ValuesOr(50_000)
	results, err := measure.Compare([]measure.Contender{
		{Name: "a loop over two pipes", Run: byHand},
		{Name: "gopeln command.Map", Run: func(n int) (int, error) { return programs(n, 1) }},
		{Name: "gopeln command.Map, 4 workers", Run: func(n int) (int, error) { return programs(n, 4) }},
	}, e, n, n*(n-1)/2)
	if err != nil {
		return err
	}
	t := measure.Rank(fmt.Sprintf("%d lines through cat, one at a time for each process", n), results, 1)
	return t.Write(w)
}

// byHand sends a line and reads a line, as a program without a library does.
func byHand(n int) (sum int, err error) {
	cat := exec.Command("cat")
	in, err := cat.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cat.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cat.Start(); err != nil {
		return 0, err
	}
	answers := bufio.NewScanner(out)
	for i := range n {
		if _, err := io.WriteString(in, strconv.Itoa(i)+"\n"); err != nil {
			return 0, err
		}
		if !answers.Scan() {
			return 0, fmt.Errorf("no answer to %d: %w", i, answers.Err())
		}
		value, err := strconv.Atoi(answers.Text())
		if err != nil {
			return 0, err
		}
		sum += value
	}
	if err := in.Close(); err != nil {
		return 0, err
	}
	return sum, cat.Wait()
}

func programs(n, workers int) (sum int, err error) {
	lines := func(yield func(string) bool) {
		for i := range n {
			if !yield(strconv.Itoa(i)) {
				return
			}
		}
	}
	cat := command.Map(command.Lines(), []string{"cat"}, pl.Workers(workers), pl.MaxSize(64))
	for line, err := range cat(pl.FromSeq(lines)).All(context.Background()) {
		if err != nil {
			return 0, err
		}
		value, err := strconv.Atoi(line)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}
