package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
)

// Output is what a process of [Run] has written to its standard output, and the value that it was
// for.
type Output[A any] struct {
	In     A
	Stdout []byte
}

// Run starts one process for each value, pl.Workers at a time, as xargs -P does, and yields what it
// wrote to standard output. cmd makes the command; it must leave Stdout to Run, and may set all
// else, Stdin among it. If it leaves Stderr, too, what is written there is read, and its end is in
// the [*ExitError] of a process that does not end with status 0. A process that is not done when
// the value's time is over, or the run ends, is killed with its group. The common options work, and
// process.Env.
func Run[A any](cmd func(ctx context.Context, in A) *exec.Cmd, opts ...pl.Option) pl.Partial[A, Output[A]] {
	op := pl.Operation[A, Output[A]]{Verb: "Run", Results: pl.One, Func: cmd}
	op.Open = func(ctx context.Context) (pl.Kernel[A, Output[A]], func(context.Context) error, error) {
		starter := child.NewStarter()
		env, _ := pl.SiteFrom(ctx).Setting(child.Env).([]string)
		run := func(ctx context.Context, in A, emit func(Output[A]) bool) error {
			stdout, err := output(ctx, starter, cmd(ctx, in), env)
			if err == nil {
				emit(Output[A]{in, stdout})
			}
			return err
		}
		return run, func(context.Context) error { starter.Close(); return nil }, nil
	}
	return pl.NewPartial(host{child.Env}, op, opts...)
}

// output runs a command to its end.
func output(ctx context.Context, starter *child.Starter, cmd *exec.Cmd, env []string) ([]byte, error) {
	var stdout bytes.Buffer
	var stderr tail
	switch {
	case cmd == nil:
		return nil, errors.New("the command is nil")
	case cmd.Stdout != nil:
		return nil, fmt.Errorf("%s: its Stdout is set; leave it to command.Run", shown(cmd.Args))
	case cmd.Process != nil:
		return nil, fmt.Errorf("%s: it was started already", shown(cmd.Args))
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	cmd.Stdout = &stdout
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	if len(env) > 0 {
		cmd.Env = append(cmd.Environ(), env...)
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = time.Second // for what has left the group and holds the pipes
	}
	group, err := starter.StartGroup(cmd)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, group.Kill)
	defer stop()
	state, ok, err := group.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !ok:
		return nil, &ExitError{Argv: cmd.Args, PID: group.PID(), State: state, Stderr: stderr.String()}
	case err != nil:
		return nil, fmt.Errorf("%s (process %d): %w", shown(cmd.Args), group.PID(), err)
	}
	return stdout.Bytes(), nil
}
