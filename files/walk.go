package files

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gopeln/pl"
)

// Walk yields the paths of the regular files below root, folder by folder in lexical order, as
// filepath.WalkDir does. It does not follow links, but root itself may be one.
//
// want is asked about each file, and about each folder below root before it is read: of a folder
// that it does not want, nothing is yielded. A nil want is one that wants everything. A folder that
// cannot be read fails the run with an error that names it.
func Walk(root string, want func(path string, entry fs.DirEntry) bool) pl.Stage[string] {
	if want == nil {
		want = func(string, fs.DirEntry) bool { return true }
	}
	stage := pl.FromFunc(func(ctx context.Context, yield func(string) bool) error {
		info, err := os.Stat(root)
		switch {
		case err != nil:
			return err
		case info.IsDir():
			return walk(ctx, root, want, yield)
		case info.Mode().IsRegular() && want(root, fs.FileInfoToDirEntry(info)):
			yield(root)
		}
		return nil
	})
	return stage.With(pl.Name("files.Walk"))
}

func walk(
	ctx context.Context, root string, want func(string, fs.DirEntry) bool, yield func(string) bool,
) error {
	if info, err := os.Lstat(root); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		root += string(filepath.Separator) // WalkDir looks behind the link then
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return filepath.SkipAll
		case entry.IsDir() && path == root:
			return nil
		case !want(path, entry):
			if entry.IsDir() {
				return filepath.SkipDir
			}
		case entry.Type().IsRegular() && !yield(path):
			return filepath.SkipAll
		}
		return nil
	})
}
