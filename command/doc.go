// Package command makes workers of programs in any language.
//
//	score := command.Map(command.JSONLines[Page, Score](), []string{"python3", "score.py"},
//		pl.Workers(4), pl.Timeout(time.Minute), pl.OnError(report))
//	for s, err := range pl.Pipe(pages, score).All(ctx) { … }
//
// # Standing programs
//
// [Map] keeps one process of a program running for each worker. A process gets one value at a time
// on its standard input and must give one answer for each on its standard output, as the [Protocol]
// has it. It must not wait for more input before it answers, nor keep answers back in a buffer:
// use "sed -u", "python3 -u", "gawk '{ …; fflush() }'", "mawk -W interactive".
//
// A process is started when there is a value for it, and replaced when it has died. When the input
// has ended its standard input is closed; if it has not ended 5 s after that, it gets SIGTERM, and
// after 5 s more SIGKILL. Its exit status then does not matter. When the run ends early it is killed
// at once.
//
// # Failures
//
// A process that dies fails the value that it had, with an [*ExitError], and no other: one that
// dies between two values, or without having read the next one, is replaced and nothing fails. Then
// pl.Retry and pl.OnError decide. pl.Timeout kills the process of the value whose time is over.
//
// An answer counts as that of the value at hand, so a program that answers twice would give each
// later value the answer of another. It is killed, and the value at hand fails, as soon as a further
// answer is there: together with the one before, before the next value is sent, or at the end,
// where the run fails. After its first answer a process is watched for a moment, since most programs
// with this fault show it at once. If an answer is missing, the run waits for it until pl.Timeout.
//
// # Processes
//
// Each process leads a process group of its own, so that what it starts ends with it: when a
// process dies or is killed, what is left of its group is killed. Its standard error is read all
// the time, so that it never waits there; the last 4 KiB are in the ExitError. On Linux the kernel
// kills it if this program dies. It inherits the environment, to which process.Env adds. On systems
// without process groups, such as Windows, it is killed alone.
package command
