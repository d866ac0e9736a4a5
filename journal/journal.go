package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Journal is a file of the keys that are done. Make it with [Open]. Its methods, and stages of many
// runs that use it, are safe for concurrent use.
type Journal struct {
	name string
	keys keySet

	mu    sync.Mutex // guards what follows; not held while the file is synced
	file  *os.File   // nil after Close
	tail  tail       // of file
	line  []byte
	err   error // of a write or sync: no key can be recorded after it
	timer *time.Timer

	syncing sync.Mutex // held while the file is synced; taken before mu
}

// Option is a setting of a journal.
type Option struct{ set func(*settings) }

type settings struct{ version string }

// Version names the version of the work that the journal is about. A journal that was begun with
// another version is an error: what it says is done was done by other rules. The default is "".
func Version(v string) Option { return Option{func(s *settings) { s.version = v }} }

// Open opens the journal in the file called name, or begins a new one if there is no such file or
// it is empty. It is an error if the file is another version's, or no journal at all, or in use.
func Open(name string, opts ...Option) (*Journal, error) {
	var set settings
	for _, o := range opts {
		if o.set == nil {
			return nil, errors.New("journal: an Option{} of no content: options are made by functions such as journal.Version")
		}
		o.set(&set)
	}
	j := &Journal{name: name}
	if err := j.open(header(set.version)); err != nil {
		if j.file != nil {
			j.file.Close()
		}
		return nil, fmt.Errorf("journal: %w", err)
	}
	return j, nil
}

func (j *Journal) open(header string) (err error) {
	if j.file, err = openLocked(j.name); err != nil {
		return err
	}
	info, err := j.file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file: %v", j.name, info.Mode())
	}
	end, err := j.load(header)
	if err != nil {
		return err
	}
	if _, err := j.file.Seek(0, io.SeekEnd); err != nil { // not every system appends by itself
		return err
	}
	if end == 0 {
		if err := j.begin(header); err != nil {
			return err
		}
		end = int64(len(header))
	}
	j.tail = tail{file: j.file, end: end}
	return nil
}

// begin writes the header of a new journal.
func (j *Journal) begin(header string) error {
	if _, err := j.file.WriteString(header); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	syncFolder(filepath.Dir(j.name))
	return nil
}

// Close syncs the file and closes it. It returns the error that a write or a sync has had, if any.
// Stages that use the journal fail after it. A second Close does nothing.
func (j *Journal) Close() error {
	if j == nil {
		return errNil
	}
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	if j.timer != nil {
		j.timer.Stop()
	}
	err := j.err
	for _, end := range []func() error{j.tail.close, j.file.Sync, j.file.Close} {
		err = cmp.Or(err, j.failure(end()))
	}
	j.file = nil
	return err
}

var errNil = errors.New("the journal is nil; journal.Open makes one")

// usable reports as an error that stages cannot use the journal.
func (j *Journal) usable() error {
	if j == nil {
		return errNil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return fmt.Errorf("the journal %s is closed", j.name)
	}
	return j.err
}

// record writes a key, unless it is there already. The file has it when record returns.
func (j *Journal) record(k key) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.file == nil:
		return fmt.Errorf("the journal %s is closed", j.name)
	case j.err != nil:
		return j.err
	}
	if !j.keys.add(k) {
		return nil
	}
	j.line = k.appendLine(j.line[:0])
	if err := j.tail.add(j.line); err != nil {
		j.keys.remove(k)
		j.err = j.failure(err)
		return j.err
	}
	if j.timer == nil {
		j.timer = time.AfterFunc(time.Second, j.sync)
	}
	return nil
}

// sync syncs the file, a second after the first key that was written since it did before.
func (j *Journal) sync() {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	file := j.file
	j.timer = nil
	j.mu.Unlock()
	if file == nil {
		return
	}
	if err := file.Sync(); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.err = cmp.Or(j.err, j.failure(err))
	}
}

func (j *Journal) failure(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the journal %s: %w", j.name, err)
}

// syncFolder makes the name of a new file durable, if the system can.
func syncFolder(name string) {
	if folder, err := os.Open(name); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
}
