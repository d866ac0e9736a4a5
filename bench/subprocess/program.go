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

// Programs prints what it costs to have values handled by a program, here cat, which answers each
// line with itself.
func Programs(e measure.Effort, w io.Writer) error {
	n := e.ValuesOr(50_000)
	results, err := measure.Compare([]measure.Contender{
		{Name: "a loop over two pipes", Run: byHand},
		{Name: "a loop in a goroutine, a channel", Run: byChannel},
		{Name: "gopeln command.Map", Run: func(n int) (int, error) { return programs(n, 1) }},
		{Name: "gopeln command.Map, 4 workers", Run: func(n int) (int, error) { return programs(n, 4) }},
	}, e, n, n*(n-1)/2)
	if err != nil {
		return err
	}
	t := measure.Rank(fmt.Sprintf("%d lines through cat, one at a time for each process", n), results, 1)
	t.AddCPU(results) // cat's, too
	return t.Write(w)
}

// byHand sends a line and reads a line, as a program without a library does.
func byHand(n int) (sum int, err error) {
	err = exchange(n, func(value int) { sum += value })
	return sum, err
}

// byChannel is byHand with the answers going to another goroutine, as those of a stage do: the next
// line is under way while the answer before it is looked at.
func byChannel(n int) (sum int, err error) {
	values := make(chan int, 64)
	go func() {
		defer close(values)
		err = exchange(n, func(value int) { values <- value })
	}()
	for value := range values {
		sum += value
	}
	return sum, err
}

// exchange sends the numbers below n to cat, each when the one before has come back, and hands on
// what comes back.
func exchange(n int, handOn func(int)) error {
	cat := exec.Command("cat")
	in, err := cat.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cat.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cat.Start(); err != nil {
		return err
	}
	answers := bufio.NewScanner(out)
	for i := range n {
		if _, err := io.WriteString(in, strconv.Itoa(i)+"\n"); err != nil {
			return err
		}
		if !answers.Scan() {
			return fmt.Errorf("no answer to %d: %w", i, answers.Err())
		}
		value, err := strconv.Atoi(answers.Text())
		if err != nil {
			return err
		}
		handOn(value)
	}
	if err := in.Close(); err != nil {
		return err
	}
	return cat.Wait()
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
