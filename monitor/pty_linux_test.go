package monitor_test

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/monitor/internal/screen"
)

// terminal is a pseudo-terminal, and the screen of who looks at it.
type terminal struct {
	t      *testing.T
	slave  *os.File // what programs write to
	master *os.File

	mu     sync.Mutex
	screen *screen.Screen
	raw    []byte // all that was written
	read   chan struct{}
}

// newTerminal opens a pseudo-terminal with a window of that size.
func newTerminal(t *testing.T, columns, rows int) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no pseudo-terminals here: ", err)
	}
	var number, unlocked int32
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	term := &terminal{t: t, slave: slave, master: master, screen: screen.New(columns, rows), read: make(chan struct{})}
	term.setSize(columns, rows)
	go term.keepReading()
	t.Cleanup(func() {
		slave.Close()
		<-term.read // the last writer is gone, so there is an error
		master.Close()
	})
	return term
}

func ioctl(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	conn, err := f.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, conn.Control(func(fd uintptr) {
		_, _, e := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(argument))
		require.Zero(t, e, "ioctl %#x: %v", request, e)
	}))
}

func (x *terminal) keepReading() {
	defer close(x.read)
	buffer := make([]byte, 4096)
	for {
		n, err := x.master.Read(buffer)
		x.mu.Lock()
		x.raw = append(x.raw, buffer[:n]...)
		x.screen.Write(buffer[:n])
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (x *terminal) setSize(columns, rows int) {
	size := struct{ rows, columns, width, height uint16 }{rows: uint16(rows), columns: uint16(columns)}
	ioctl(x.t, x.master, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

// resize changes the window, as a person does who drags its corner.
func (x *terminal) resize(columns, rows int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.setSize(columns, rows)
	x.screen.Resize(columns, rows)
}

// lines are those that a person sees, or has seen before they left the window.
func (x *terminal) lines() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.Lines()
}

// shows waits until what a person sees is as wanted.
func (x *terminal) shows(what string, wanted func(lines []string) bool) []string {
	x.t.Helper()
	var lines []string
	require.Eventually(x.t, func() bool {
		lines = x.lines()
		return wanted(lines)
	}, time.Minute, 5*time.Millisecond, "%s is not seen", what)
	return lines
}

func (x *terminal) written() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.raw)
}

func (x *terminal) strange() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.Strange
}
