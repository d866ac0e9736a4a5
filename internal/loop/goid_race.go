//go:build race

package loop

import (
	"bytes"
	"runtime"
	"strconv"
)

// identity is the number of a goroutine.
type identity uint64

// identify returns the caller's number. It is in the first line of a stack: "goroutine 7
// [running]:".
func identify() identity {
	var buf [64]byte
	line := buf[:runtime.Stack(buf[:], false)]
	number, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, _ := strconv.ParseUint(string(number), 10, 64)
	return identity(id)
}
