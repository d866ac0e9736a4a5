package terminal

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// tty is a terminal that understands cursor movements.
type tty struct {
	conn    syscall.RawConn
	palette Palette
	rewraps bool // it breaks lines anew that a narrower window has no room for
}

// openTTY returns the terminal that w is; nil if it is none, or a dumb one.
func openTTY(w io.Writer) *tty {
	c, ok := w.(syscall.Conn)
	if !ok || os.Getenv("TERM") == "dumb" {
		return nil
	}
	conn, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	isTerminal := false
	if conn.Control(func(fd uintptr) { _, isTerminal = windowOf(fd) }) != nil || !isTerminal || !enableEscapes(conn) {
		return nil
	}
	return &tty{conn: conn, palette: os.Getenv("NO_COLOR") == "", rewraps: rewraps()}
}

// size asks for the size of the window. A terminal that does not know it has that of the
// environment, or the usual one.
func (t *tty) size() (w window) {
	_ = t.conn.Control(func(fd uintptr) { w, _ = windowOf(fd) })
	if w.columns <= 0 {
		w.columns = numberIn("COLUMNS", 80)
	}
	if w.rows <= 0 {
		w.rows = numberIn("LINES", 24)
	}
	return w
}

func numberIn(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// rewraps reports whether the terminal is one of those known to break lines anew. Of the others it
// is not assumed: lines would be erased that are not ours.
func rewraps() bool {
	for _, variable := range []string{
		"VTE_VERSION", "KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "ALACRITTY_WINDOW_ID", "WEZTERM_PANE", "TMUX",
	} {
		if os.Getenv(variable) != "" {
			return true
		}
	}
	switch os.Getenv("TERM_PROGRAM") {
	case "Apple_Terminal", "ghostty", "iTerm.app", "vscode":
		return true
	}
	return strings.HasPrefix(os.Getenv("TERM"), "foot")
}
