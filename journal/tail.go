package journal

import (
	"errors"
	"os"
	"runtime/debug"
)

// tail is the end of the file, where keys are added. What has been added is in the file whatever
// becomes of this process.
//
// A write for each key would cost more than all else that a journal does. So, if the system can,
// the tail is a piece of the file that is mapped into memory: what is stored there is the file's,
// and a store takes no call of the system. Until [tail.close] the file is longer than its keys, by
// zeros.
type tail struct {
	file *os.File
	end  int64 // behind the last key

	mapped  []byte // a piece of the file, which has end in it; nil: there is none
	begin   int64  // of mapped, in the file
	written bool   // the system cannot map the file: each key is written
}

// mapSize is the size of a mapped piece, a multiple of any page's. Tests change it.
var mapSize = 256 << 10

// add adds a line. If that fails, a part of it may be in the file, without its end.
func (t *tail) add(line []byte) error {
	if !t.written && t.end+int64(len(line)) > t.begin+int64(len(t.mapped)) {
		if err := t.advance(); err != nil {
			return err
		}
	}
	var err error
	if t.written {
		_, err = t.file.Write(line)
	} else {
		err = store(t.mapped[t.end-t.begin:], line)
	}
	if err == nil {
		t.end += int64(len(line))
	}
	return err
}

// advance maps the piece of the file that begins with the page of end.
func (t *tail) advance() error {
	if err := t.unmap(); err != nil {
		return err
	}
	t.begin = t.end - t.end%int64(os.Getpagesize())
	mapped, err := mapFile(t.file, t.begin, mapSize)
	if err != nil { // whatever it is: a write will tell if it cannot be done
		t.written = true
		return t.cut()
	}
	t.mapped = mapped
	return nil
}

func (t *tail) unmap() error {
	mapped := t.mapped
	t.mapped = nil
	if mapped == nil {
		return nil
	}
	return unmapFile(mapped)
}

// cut leaves in the file what is before end.
func (t *tail) cut() error {
	info, err := t.file.Stat()
	if err != nil || info.Size() <= t.end {
		return err
	}
	return t.file.Truncate(t.end)
}

// close ends the use of the file, but does not close it.
func (t *tail) close() error { return errors.Join(t.unmap(), t.cut()) }

// store stores a line in mapped memory. The line's end comes last: a process that is killed leaves
// a whole line or one without it. A file that another process has cut has no memory there any more,
// which is an error here and would end the program else.
func store(to, line []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = errors.New("write: the file was cut while it was in use")
		}
	}()
	last := len(line) - 1
	copy(to, line[:last])
	to[last] = line[last]
	return nil
}
