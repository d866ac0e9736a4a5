//go:build race

package loop

import (
	"bytes"
	"runtime"
	"strconv"
)

// goid is the number of the calling goroutine. The first line of a stack has it: "goroutine 7 [running]:".
func goid() uint64 {
	var buf [64]byte
	line := buf[:runtime.Stack(buf[:], false)]
	number, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, _ := strconv.ParseUint(string(number), 10, 64)
	return id
}
