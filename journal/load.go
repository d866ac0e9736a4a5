package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// magic begins the first line of a journal; the version follows, quoted.
const magic = "gopeln journal 1 "

func header(version string) string { return magic + strconv.Quote(version) + "\n" }

// longestHeader limits how much of a file is read to find out that it is no journal.
const longestHeader = 1 << 20

// load reads the file and returns where its keys end: 0, if the journal is a new one, whose header
// is still to be written. What is behind is cut off: a torn line, or room that was made for keys.
func (j *Journal) load(header string) (end int64, err error) {
	r := bufio.NewReaderSize(j.file, 1<<20)
	first, err := readHeader(r)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read %s: %w", j.name, err)
	case strings.HasPrefix(header, first) && first != header: // empty, or torn while it was written
		return 0, j.file.Truncate(0)
	case first != header:
		return 0, j.foreign(first, header)
	}
	end = int64(len(first))
	at := end
	var line [lineSize]byte
	for n := 2; ; n++ {
		switch _, err := io.ReadFull(r, line[:]); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return end, j.file.Truncate(end)
		case err != nil:
			return 0, fmt.Errorf("read %s: %w", j.name, err)
		}
		at += lineSize
		k, ok := parseLine(line[:])
		switch {
		case ok:
			j.keys.add(k)
			end = at
		case !wasLost(line[:]):
			return end, j.damaged(r, line[:], end, n)
		}
	}
}

// readHeader reads the first line, or what there is of it.
func readHeader(r *bufio.Reader) (string, error) {
	var first []byte
	for {
		part, err := r.ReadSlice('\n')
		first = append(first, part...)
		switch {
		case err == nil, errors.Is(err, io.EOF), len(first) > longestHeader:
			return string(first), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// foreign is the error of a file that begins with another line.
func (j *Journal) foreign(first, header string) error {
	quoted, ok := strings.CutPrefix(strings.TrimSuffix(first, "\n"), magic)
	version, err := strconv.Unquote(quoted)
	if !ok || err != nil || !strings.HasSuffix(first, "\n") {
		return fmt.Errorf("%s is no journal: it begins with %.40q", j.name, first)
	}
	want, _ := strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(header, magic), "\n"))
	return fmt.Errorf("%s is of version %q, not %q: what it says is done was done by another version; "+
		"finish with that one, or remove the file to begin anew", j.name, version, want)
}

// wasLost reports whether a line is what a power cut leaves of a key that had not been synced,
// before others that had: zeros, from the border of a block on or up to one.
func wasLost(line []byte) bool {
	for i, c := range line {
		switch digit := strings.IndexByte("0123456789abcdef", c) >= 0; {
		case c == 0, digit && i < lineSize-1, c == '\n' && i == lineSize-1:
		default:
			return false
		}
	}
	return true
}

// damaged deals with a line that is no key, behind which there may be more. At the end of the file,
// where it was torn, it is cut off with what is behind end; before further lines it is an error.
func (j *Journal) damaged(r *bufio.Reader, line []byte, end int64, n int) error {
	for rest := line; ; {
		if bytes.IndexByte(rest, '\n') >= 0 {
			return fmt.Errorf("%s:%d: the line is no key; remove it, or the file to begin anew", j.name, n)
		}
		var err error
		rest, err = r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return j.file.Truncate(end)
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read %s: %w", j.name, err)
		}
	}
}
