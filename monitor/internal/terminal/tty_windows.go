package terminal

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

var (
	kernel32       = syscall.NewLazyDLL("kernel32.dll")
	screenInfo     = kernel32.NewProc("GetConsoleScreenBufferInfo")
	setConsoleMode = kernel32.NewProc("SetConsoleMode")
)

// windowOf returns the size of a console's window; ok is false if fd is no console.
func windowOf(fd uintptr) (w window, ok bool) {
	type coord struct{ x, y int16 }
	var info struct {
		size, cursor             coord
		attributes               uint16
		left, top, right, bottom int16
		largest                  coord
	}
	done, _, _ := screenInfo.Call(fd, uintptr(unsafe.Pointer(&info)))
	return window{columns: int(info.right-info.left) + 1, rows: int(info.bottom-info.top) + 1}, done != 0
}

// enableEscapes makes the console understand escape codes, which those before Windows 10 cannot.
func enableEscapes(conn syscall.RawConn) (enabled bool) {
	const virtualTerminal = 4
	_ = conn.Control(func(fd uintptr) {
		var mode uint32
		if syscall.GetConsoleMode(syscall.Handle(fd), &mode) == nil {
			done, _, _ := setConsoleMode.Call(fd, uintptr(mode|virtualTerminal))
			enabled = done != 0
		}
	})
	return enabled
}

func writeFile(f *os.File, p []byte) (int, error) { return f.Write(p) }

// IsBrokenPipe reports whether a write has failed because nobody reads any more.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.ERROR_BROKEN_PIPE) }
