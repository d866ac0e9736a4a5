// Command score gives each text in a folder a score, and shows what package command is for: the
// scores come from a program in another language, here a script for the shell, of which a few
// processes are kept running. Two of the texts that it makes, if no folder is named, crash the
// script and hang it; they cost themselves and nothing else.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/command"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/files"
)

//go:embed score.sh
var script string

func main() {
	log.SetFlags(0)
	in := flag.String("in", "", "folder of texts; default: some that are made for it")
	timeout := flag.Duration("timeout", 2*time.Second, "time for one text")
	show := views.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop, err := show.Watch(context.Background())
	defer stop()
	if err == nil {
		err = run(ctx, os.Stdout, *in, *timeout)
	}
	if err != nil {
		log.Fatalln("score:", err)
	}
}

// run prints the scores of the texts in a folder, and at the end those that have none.
func run(ctx context.Context, w io.Writer, in string, timeout time.Duration) error {
	if in == "" {
		var err error
		if in, err = makeTexts(); err != nil {
			return err
		}
		defer os.RemoveAll(in)
	}
	score := command.Map(command.Lines(), []string{"sh", "-c", script}, pl.Name("score.sh"),
		pl.Workers(2), pl.MaxSize(16), pl.Timeout(timeout), pl.KeepGoing(0))
	failed := new(pl.FailedValues)
	for line, err := range files.Walk(in, nil).Pipe(score).Ordered().All(ctx) {
		switch {
		case errors.As(err, &failed): // the last pair, after all scores
		case err != nil:
			return err
		default:
			fmt.Fprintln(w, strings.Replace(line, in+string(filepath.Separator), "", 1))
		}
	}
	list(w, failed)
	return nil
}

// list prints how many texts have no score, and of the first hundred which and why.
func list(w io.Writer, failed *pl.FailedValues) {
	fmt.Fprintf(w, "%d failed\n", failed.Total)
	var lines []string
	for _, e := range failed.First {
		reason := e.Err.Error()
		if exit, ok := errors.AsType[*command.ExitError](e); ok {
			reason = "the scorer ended: " + exit.State
		}
		lines = append(lines, fmt.Sprintf("  %s: %s", filepath.Base(fmt.Sprint(e.Item)), reason))
	}
	for _, line := range slices.Sorted(slices.Values(lines)) {
		fmt.Fprintln(w, line)
	}
}

// makeTexts makes a folder of texts, with a bad one of each kind.
func makeTexts() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "score"); err != nil {
		return "", err
	}
	texts := map[string]string{"bad1.txt": "please crash the scorer", "bad2.txt": "please hang the scorer"}
	for n := range 20 {
		texts[fmt.Sprintf("text%02d.txt", n)] = strings.Repeat("word ", n)
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", errors.Join(err, os.RemoveAll(folder))
		}
	}
	return folder, nil
}
