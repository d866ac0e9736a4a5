package files

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// File is a file that appears under its name only when it is whole. Make it with [Create]. Its
// methods are safe for concurrent use.
type File struct {
	name string

	mu    sync.Mutex
	to    string   // the name, with its links resolved
	temp  *os.File // nil before the first Write
	err   error    // the first failure
	state state
}

type state uint8

const (
	open state = iota
	committed
	closed
)

// Create makes a file that is to be called name. What is written goes to a temporary file beside
// it, made at the first Write; an existing file of that name stays as it is until [File.Commit]
// replaces it. Failures are reported by Write and by Commit. Call Close in any case, by defer:
// without Commit it removes the temporary file. A program that is killed leaves it behind:
// ".NAME.NUMBER.tmp".
func Create(name string) *File { return &File{name: name} }

// Name returns the name given to [Create].
func (f *File) Name() string { return f.name }

// Write writes to the temporary file. After an error, all that follows fails, Commit included.
func (f *File) Write(p []byte) (int, error) {
	if f == nil {
		return 0, os.ErrInvalid
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready() {
		return 0, f.err
	}
	n, err := f.temp.Write(p)
	f.fail(err)
	return n, f.err
}

// Commit gives the file its name: it syncs the temporary file to the disk and renames it. If that
// fails, or a Write has failed, the temporary file is removed, and what had the name before still
// has it. A file that is replaced keeps its permissions. A second Commit does nothing.
func (f *File) Commit() error {
	if f == nil {
		return os.ErrInvalid
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == committed {
		return nil
	}
	if f.ready() {
		f.fail(f.temp.Sync())
		f.fail(f.temp.Close())
	}
	if f.err == nil {
		f.fail(os.Rename(f.temp.Name(), f.to))
	}
	if f.err != nil {
		if err := f.remove(); err != nil {
			return errors.Join(f.err, err)
		}
		return f.err
	}
	f.state = committed
	syncFolder(filepath.Dir(f.to))
	return nil
}

// Close removes the temporary file, unless there was a Commit. A second Close does nothing.
func (f *File) Close() error {
	if f == nil {
		return os.ErrInvalid
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != open {
		return nil
	}
	f.state = closed
	return f.remove()
}

// ready reports whether the file can be written to, and makes the temporary file if there is none.
func (f *File) ready() bool {
	if f.err == nil && f.state != open {
		f.fail(os.ErrClosed)
	}
	if f.err == nil && f.temp == nil {
		f.fail(f.make())
	}
	return f.err == nil
}

func (f *File) fail(err error) {
	if f.err == nil && err != nil {
		f.err = fmt.Errorf("files.Create(%q): %w", f.name, err)
	}
}

func (f *File) make() (err error) {
	if f.name == "" {
		return errors.New("the name is empty")
	}
	f.to = f.name
	if target, err := filepath.EvalSymlinks(f.name); err == nil {
		f.to = target // a link to the file stays a link
	}
	info, err := os.Stat(f.to)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("there is something of that name that is no regular file: %v", info.Mode())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if f.temp, err = createBeside(f.to); err != nil || info == nil {
		return err
	}
	return f.temp.Chmod(info.Mode().Perm())
}

// createBeside makes a temporary file in the folder of name, with the permissions of a new file,
// which os.CreateTemp's have not.
func createBeside(name string) (f *os.File, err error) {
	folder, base := filepath.Split(name)
	base = base[:min(len(base), 200)] // there is a limit to the length of names
	for range 1000 {
		temp := fmt.Sprintf("%s.%s.%d.tmp", folder, base, rand.Uint32())
		f, err = os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, err
}

// remove removes the temporary file, if there is one.
func (f *File) remove() error {
	if f.temp == nil {
		return nil
	}
	f.temp.Close()
	err := os.Remove(f.temp.Name())
	f.temp = nil
	return err
}

// syncFolder makes a new name in the folder durable. Not every system can; the file is whole in any
// case.
func syncFolder(name string) {
	if folder, err := os.Open(name); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
}
