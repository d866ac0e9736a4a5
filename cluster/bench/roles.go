package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// roleVariable is set in the worker processes of the other contenders: what they are, and where what
// they work for can be reached.
const roleVariable = "GOPELN_BENCH_ROLE"

// play is a worker of another contender, if the process is one, and then never returns.
func play() {
	role, address, ok := strings.Cut(os.Getenv(roleVariable), " ")
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // the program that started it has ended, or wants it to
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var err error
	switch role {
	case "nats":
		err = answerRequests(ctx, address)
	case "asynq":
		err = handleTasks(ctx, address)
	default:
		err = fmt.Errorf("there is no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// ready is what a worker process says when it can work.
const ready = "ready"

// cast starts worker processes of a role, and waits until they can work. stop ends them.
func cast(role, address string) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for range workers {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), roleVariable+"="+role+" "+address)
		cmd.Stderr = os.Stderr
		in, inErr := cmd.StdinPipe()
		out, outErr := cmd.StdoutPipe()
		if inErr != nil || outErr != nil || cmd.Start() != nil {
			stop()
			return nil, fmt.Errorf("cannot start a worker process of %s", role)
		}
		stops = append(stops, func() {
			_ = in.Close()
			_ = cmd.Wait()
		})
		said := make([]byte, len(ready))
		if _, err := io.ReadFull(out, said); err != nil {
			stop()
			return nil, fmt.Errorf("a worker process of %s has not begun: %w", role, err)
		}
	}
	return stop, nil
}
