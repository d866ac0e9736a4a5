package cluster

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// Messages begin with the protocol's version and a byte of flags.
const (
	flagAlone  = 1 << iota // of work: run with nothing else in the process
	flagLarge              // the rest is the name of an object that holds it
	flagLast               // of results: the message's values have all ended, or were given back
	flagAnswer             // of results: the worker wants an answer
)

var errFrame = errors.New("a message that does not keep to the protocol")

// work is a message of values.
type work struct {
	flags  byte
	parcel uint64
	begun  int    // how often its values began before, and their worker was lost
	ids    []span // of the values; empty if flagLarge
	values int    // how many they are
	data   []byte // the encoded values, or the name of an object that holds ids and values
}

func (w *work) append(buf []byte) []byte {
	buf = append(buf, protocol, w.flags)
	buf = binary.AppendUvarint(buf, w.parcel)
	buf = binary.AppendUvarint(buf, uint64(w.begun))
	return append(buf, w.data...)
}

// span is ids in a row.
type span struct {
	first uint64
	n     int
}

func appendIDs(buf []byte, ids []uint64) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(ids)))
	for next := uint64(0); len(ids) > 0; {
		s := span{ids[0], 1}
		for s.n < len(ids) && ids[s.n] == s.first+uint64(s.n) {
			s.n++
		}
		buf = binary.AppendVarint(buf, int64(s.first-next))
		buf = binary.AppendUvarint(buf, uint64(s.n))
		next = s.first + uint64(s.n)
		ids = ids[s.n:]
	}
	return buf
}

func (w *work) parse(data []byte) error {
	c := cutter{data: data}
	if c.byte() != protocol {
		return errFrame
	}
	w.flags = c.byte()
	w.parcel = c.number()
	w.begun = int(c.number())
	w.data = c.data
	if w.flags&flagLarge == 0 {
		return errors.Join(c.err, w.parseBody(c.data))
	}
	return c.err
}

// parseBody reads ids and values.
func (w *work) parseBody(data []byte) error {
	c := cutter{data: data}
	n := c.number()
	if n > mostBatch || n == 0 {
		return errFrame
	}
	w.ids, w.values = nil, 0
	for next := uint64(0); w.values < int(n); {
		s := span{next + uint64(c.signed()), c.count(int(n) - w.values)}
		if c.err != nil {
			return c.err
		}
		w.ids = append(w.ids, s)
		w.values += s.n
		next = s.first + uint64(s.n)
	}
	w.data = c.data
	return nil
}

// What became of a value.
type fate byte

const (
	fateDone   fate = iota
	fateOpen        // more is to come
	fateFailed      // its error follows
	fates
)

// mark says what became of some values in a row, and how many results each has in the frame. Only of values that
// are done with are there several to a mark.
type mark struct {
	fate    fate
	results int
	n       int      // the values
	failure *failure // of fateFailed
}

// addMark adds a mark, to the last one if that says the same.
func addMark(marks []mark, m mark) []mark {
	if i := len(marks) - 1; i >= 0 && m.fate == fateDone && marks[i].fate == fateDone && marks[i].results == m.results {
		marks[i].n += m.n
		return marks
	}
	return append(marks, m)
}

// apart returns the marks with a mark for each value.
func apart(marks []mark) []mark {
	all := make([]mark, 0, count(marks))
	for _, m := range marks {
		for n := m.n; n > 0; n-- {
			m.n = 1
			all = append(all, m)
		}
	}
	return all
}

// count is of how many values the marks speak.
func count(marks []mark) (n int) {
	for i := range marks {
		n += marks[i].n
	}
	return n
}

// failure is why a value failed at a worker.
type failure struct {
	*crossing.Failure
	Where    string // which worker, for people
	TimedOut bool   `json:",omitempty"`
	Worker   string `json:",omitempty"` // if Stray
	Stray    uint64 `json:",omitempty"` // the number of the function, if it was abandoned
}

// frame is a message of results: what became of the values of a parcel from first on, with all their
// results in a row. An open value is named again in the next frame.
type frame struct {
	flags   byte
	parcel  uint64
	worker  []byte // its id
	attempt uint64 // of the worker at the parcel
	part    uint64 // the number of the frame in the attempt
	first   int
	worked  time.Duration // what the worker took for these values
	ended   int           // of the marks, those of values that have ended
	begun   int           // of flagLast: how many of the parcel's values began; the others were given back
	ack     string        // of flagLast
	marks   []mark
	data    []byte
}

func (f *frame) append(buf []byte) []byte {
	buf = append(buf, protocol, f.flags)
	for _, n := range []uint64{
		f.parcel, f.attempt, f.part, uint64(f.first), uint64(max(f.worked, 0)), uint64(ended(f.marks)), uint64(f.begun),
	} {
		buf = binary.AppendUvarint(buf, n)
	}
	buf = appendText(buf, f.worker)
	return appendText(buf, f.ack)
}

// ended is how many values of the marks have ended.
func ended(marks []mark) int {
	n := count(marks)
	if last := len(marks) - 1; last >= 0 && marks[last].fate == fateOpen { // no other can be open
		n--
	}
	return n
}

func appendText[T string | []byte](buf []byte, text T) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(text))), text...)
}

// appendBody is what goes elsewhere if the frame is large.
func (f *frame) appendBody(buf []byte) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(f.marks)))
	for _, m := range f.marks {
		buf = binary.AppendUvarint(buf, uint64(m.results)*uint64(fates)+uint64(m.fate))
		switch m.fate {
		case fateDone:
			buf = binary.AppendUvarint(buf, uint64(m.n))
		case fateFailed:
			text, _ := json.Marshal(m.failure)
			buf = appendText(buf, text)
		}
	}
	return append(buf, f.data...)
}

func (f *frame) parse(data []byte) error {
	c := cutter{data: data}
	if c.byte() != protocol {
		return errFrame
	}
	f.flags = c.byte()
	f.parcel, f.attempt, f.part = c.number(), c.number(), c.number()
	f.first, f.worked = c.small(), time.Duration(c.number())
	f.ended, f.begun = c.small(), c.small()
	f.worker = c.bytes(c.number())
	f.ack = string(c.bytes(c.number()))
	f.data = c.data
	return c.err
}

func (f *frame) parseBody(data []byte) error {
	c := cutter{data: data}
	f.marks = f.marks[:0]
	for n := c.number(); n > 0 && c.err == nil; n-- {
		code := c.number()
		m := mark{fate: fate(code % uint64(fates)), results: int(code / uint64(fates)), n: 1}
		switch m.fate {
		case fateDone:
			m.n = c.count(mostBatch)
		case fateFailed:
			m.failure = &failure{}
			if text := c.bytes(c.number()); c.err == nil && (json.Unmarshal(text, m.failure) != nil || m.failure.Failure == nil) {
				c.err = errFrame
			}
		}
		f.marks = append(f.marks, m)
	}
	f.data = c.data
	return c.err
}

// kept is the memory of a message for the next one, unless it is uncommonly much.
func kept(buf []byte) []byte {
	if cap(buf) > 2*frameSize {
		return nil
	}
	return buf[:0]
}

// cutter cuts a message into its parts. After an error its parts are zero.
type cutter struct {
	data []byte
	err  error
}

func (c *cutter) byte() byte {
	b := c.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (c *cutter) bytes(n uint64) []byte {
	if c.err != nil || n > uint64(len(c.data)) {
		c.err = errFrame
		return nil
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

func (c *cutter) number() uint64 {
	n, width := binary.Uvarint(c.data)
	return n * c.skip(width)
}

// small returns a number of values. More than any message has are none.
func (c *cutter) small() int {
	n := c.number()
	if n > mostBatch {
		c.err = errFrame
		return 0
	}
	return int(n)
}

// count returns a number of values, at least one and at most so many.
func (c *cutter) count(most int) int {
	n := c.small()
	if n == 0 || n > most {
		c.err = errFrame
		return 0
	}
	return n
}

func (c *cutter) signed() int64 {
	n, width := binary.Varint(c.data)
	return n * int64(c.skip(width))
}

// skip goes on after a number, and returns 0 if that was none.
func (c *cutter) skip(width int) uint64 {
	if c.err != nil || width <= 0 {
		c.err = errFrame
		return 0
	}
	c.data = c.data[width:]
	return 1
}

// Values stand in chunks, each what an encoder made of some values: their number, the bytes' number, and
// the bytes.

// appendChunk appends the encoding of values. Where it fails, buf is as before.
func appendChunk[T any](buf []byte, enc wire.Encoder[T], values []T) ([]byte, error) {
	const room = 5 // for the length, in as many bytes whatever it is
	start := len(buf)
	buf = binary.AppendUvarint(buf, uint64(len(values)))
	at := len(buf)
	out, err := enc.Append(append(buf, make([]byte, room)...), values)
	if err != nil {
		return buf[:start], err
	}
	putFixed(out[at:at+room], uint64(len(out)-at-room))
	return out, nil
}

// putFixed writes a uvarint of exactly len(buf) bytes.
func putFixed(buf []byte, n uint64) {
	for i := range buf {
		buf[i] = byte(n&0x7f) | 0x80
		n >>= 7
	}
	buf[len(buf)-1] &= 0x7f
}

// chunk cuts the next chunk off.
func (c *cutter) chunk() (n int, data []byte) {
	n = int(c.number())
	return n, c.bytes(c.number())
}
