package whole

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gopeln/pl/bench/measure"
)

// parse reads and parses the files of Go's own source, with as many workers as there are
// processors, beside a plain loop.
func parse(e measure.Effort, w io.Writer) error {
	names, err := goFiles()
	if err != nil {
		return err
	}
	j := job{
		title:   fmt.Sprintf("Go's own source, %d files, each read and parsed; %d workers", len(names), runtime.GOMAXPROCS(0)),
		unit:    "files",
		values:  len(names),
		workers: runtime.GOMAXPROCS(0),
		do: func(_ context.Context, i int) (int, error) {
			_, err := parser.ParseFile(token.NewFileSet(), names[i], nil, parser.SkipObjectResolution)
			return 1, err
		},
	}
	return j.compare(e, w, measure.Contender{Name: "a plain loop", Run: func(n int) (sum int, err error) {
		for i := range n {
			x, err := j.do(context.Background(), i)
			if err != nil {
				return sum, err
			}
			sum += x
		}
		return sum, nil
	}})
}

// goFiles are the files of Go's source that can be parsed: those of its tests that have mistakes on
// purpose are not among them.
func goFiles() (names []string, err error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(out)), "src"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case filepath.Ext(path) == ".go":
			names = append(names, path)
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = errors.New("GOROOT has no source")
	}
	return slices.Clip(names), err
}
