// Package terminal shows runs in terminals: frames that are drawn again and again, in an area that
// several runs share, and lines of text where there is no terminal.
package terminal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/cells"
	"github.com/gopeln/pl/monitor/internal/patience"
)

// Console is where views of runs are shown: a terminal, with an area that all views on it share, or
// else something that takes lines. It is there as long as a view is on it.
type Console struct {
	to       io.Writer
	tty      *tty // nil: it takes lines only
	patience patience.Patience

	mu     sync.Mutex     // guards titles, views, and the frame of each
	titles map[Title]bool // of the runs that are shown
	views  []*Place

	writing sync.Mutex // held by who writes; it guards what follows
	area    area
	partial []byte // a line of the program's own that has not ended yet
	painted time.Time
	broken  error // why nothing more is written
}

// Title tells apart the runs that are shown at the same time.
type Title struct {
	Name   string
	Number int // from 1, among those of the name
}

// Place is one run's place in the area.
type Place struct {
	frame *Frame // nil: there has been none yet
}

// open are the consoles there are, with the number of their users.
var open = struct {
	sync.Mutex
	consoles map[*Console]int
}{consoles: map[*Console]int{}}

// Enter returns the console of w, to leave it again, and the title of a run of that name there.
func Enter(w io.Writer, name string) (*Console, Title) {
	t := openTTY(w)
	open.Lock()
	defer open.Unlock()
	c := findConsole(w, t != nil)
	if c == nil {
		c = &Console{to: w, tty: t, titles: map[Title]bool{}}
	}
	open.consoles[c]++
	return c, c.title(name)
}

// title is the first one of that name that is free.
func (c *Console) title(name string) Title {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := Title{name, 1}
	for c.titles[t] {
		t.Number++
	}
	c.titles[t] = true
	return t
}

// Leave says that the user of the console needs it no longer, nor its title. A console that blocks
// is kept, so that the next user need not wait to find out.
func (c *Console) Leave(t Title) {
	c.mu.Lock()
	delete(c.titles, t)
	c.mu.Unlock()
	open.Lock()
	defer open.Unlock()
	if open.consoles[c]--; open.consoles[c] == 0 && !c.patience.Waiting() {
		delete(open.consoles, c)
	}
}

// Terminal returns the console of f if it is a terminal on which something is shown now; else nil.
func Terminal(f *os.File) *Console {
	open.Lock()
	defer open.Unlock()
	if c := findConsole(f, true); c != nil && c.IsTerminal() {
		return c
	}
	return nil
}

// IsTerminal reports whether the console is a terminal, which has room for frames.
func (c *Console) IsTerminal() bool { return c.tty != nil }

// findConsole finds the console of w among those that are open, with the lock held. Two files of
// one terminal, such as standard output and standard error, are one console.
func findConsole(w io.Writer, terminal bool) *Console {
	for c := range open.consoles {
		if same(c.to, w) || terminal && c.tty != nil && sameFile(c.to, w) {
			return c
		}
	}
	return nil
}

func same(v, w io.Writer) bool { return isComparable(v) && isComparable(w) && v == w }

func isComparable(w io.Writer) bool { return reflect.ValueOf(w).Comparable() }

// Same returns a writer that does what w does, and that is known to be the same again: two
// functions, for example, cannot be compared.
func Same(w io.Writer) io.Writer {
	if isComparable(w) {
		return w
	}
	return &struct{ io.Writer }{w}
}

func sameFile(v, w io.Writer) bool {
	f, isFile := v.(*os.File)
	g, isToo := w.(*os.File)
	if !isFile || !isToo {
		return false
	}
	one, err := f.Stat()
	other, err2 := g.Stat()
	return err == nil && err2 == nil && os.SameFile(one, other)
}

// Add makes a place in the area. It stays empty until the first frame.
func (c *Console) Add() *Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := new(Place)
	c.views = append(c.views, v)
	return v
}

// Show draws the area anew with a frame of v.
func (c *Console) Show(v *Place, f *Frame) error {
	c.mu.Lock()
	v.frame = f
	crowded := len(c.views) > 1
	c.mu.Unlock()
	return c.patience.Soon(func() error {
		c.writing.Lock()
		defer c.writing.Unlock()
		if since := time.Since(c.painted); crowded && since >= 0 && since < leastPause {
			return nil // others have drawn it just now
		}
		c.painted = time.Now()
		return c.paint(nil)
	})
}

// leastPause is between two drawings of an area with several views.
const leastPause = 100 * time.Millisecond

// Finish takes v out of the area, and leaves its last frame standing above.
func (c *Console) Finish(v *Place, f *Frame) error {
	c.mu.Lock()
	c.views = slices.DeleteFunc(c.views, func(w *Place) bool { return w == v })
	c.mu.Unlock()
	return c.patience.AtLast(func() error {
		c.writing.Lock()
		defer c.writing.Unlock()
		var text bytes.Buffer
		w := c.tty.size()
		for _, line := range f.Lines(w.columns, max(w.rows-1, 1), c.tty.palette) {
			text.WriteString(line + "\r\n")
		}
		return c.paint(text.Bytes())
	})
}

// Print writes a line of a view that has no place in the area.
func (c *Console) Print(line string, last bool) error {
	wait := c.patience.Soon
	if last {
		wait = c.patience.AtLast
	}
	return wait(func() error {
		c.writing.Lock()
		defer c.writing.Unlock()
		return c.paint([]byte(line + "\n"))
	})
}

// Insert writes what the program has to say itself, and draws the area anew below it. A line that
// has not ended yet stands first in the area until it has.
func (c *Console) Insert(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken != nil {
		return c.to.Write(p)
	}
	text := slices.Concat(c.partial, p)
	ended := bytes.LastIndexByte(text, '\n') + 1
	c.partial = text[ended:]
	if err := c.paint(text[:ended]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// paint writes text, and draws the area below it. The caller holds c.writing.
func (c *Console) paint(text []byte) error {
	if c.broken != nil {
		return c.broken
	}
	if c.tty != nil {
		w := c.tty.size()
		lines, empty := c.compose(w)
		if len(c.area.widths) > 0 || len(lines) > 0 {
			text = c.area.redraw(text, lines, w, c.tty.rewraps)
		}
		if empty {
			text = append(text, c.partial...)
			c.partial = nil
		}
	}
	if len(text) > 0 {
		c.broken = c.write(text)
	}
	return c.broken
}

func (c *Console) write(p []byte) (err error) {
	var n int
	if f, ok := c.to.(*os.File); ok {
		n, err = writeFile(f, p)
	} else {
		n, err = c.to.Write(p)
	}
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// compose draws the lines of the area, one less than the window has. The views divide them fairly.
// empty is true if there are no views.
func (c *Console) compose(w window) (lines []string, empty bool) {
	frames, empty := c.frames()
	if empty {
		return nil, true
	}
	rows := w.rows - 1
	if len(c.partial) > 0 && rows > 1 {
		lines = append(lines, cells.Fit(string(c.partial), lineWidth(w.columns)))
		rows--
	}
	var more []string
	if n := len(frames); n > rows && rows > 1 {
		more = []string{cells.Fit(fmt.Sprintf("… %d runs more", n-rows+1), lineWidth(w.columns))}
		rows--
		frames = frames[:rows]
	}
	wants := make([]int, len(frames))
	for i, f := range frames {
		wants[i] = f.size(w.columns)
	}
	for i, got := range allot(rows, wants) {
		lines = append(lines, frames[i].Lines(w.columns, got, c.tty.palette)...)
	}
	return append(lines, more...), false
}

// frames are those of the views that have one; empty is true if there are no views.
func (c *Console) frames() (frames []*Frame, empty bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.views {
		if v.frame != nil {
			frames = append(frames, v.frame)
		}
	}
	return frames, len(c.views) == 0
}
