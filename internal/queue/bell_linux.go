package queue

import (
	"os"
	"syscall"
)

// bell lets a goroutine wait in the system's poller, as if for a file.
//
// A wake-up through a channel makes the scheduler wake a thread too, in case there is more to do.
// That takes several microseconds and a core, which matter if the one who wakes is about to wait
// for another program: its thread goes to the poller then, and finds the goroutine there that was
// woken.
type bell struct {
	event *os.File // its reader is told of each write, and never reads
	conn  syscall.RawConn
}

func newBell() (*bell, error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("eventfd2", errno)
	}
	event := os.NewFile(fd, "bell")
	conn, err := event.SyscallConn()
	return &bell{event, conn}, err
}

// wait returns when woken has reported true. It is asked now and whenever the bell was rung. The
// result is false if the system cannot wait so.
func (b *bell) wait(woken func() bool) bool {
	return b.conn.Read(func(uintptr) bool { return woken() }) == nil
}

func (b *bell) ring() { _, _ = b.event.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0}) } // an error is that of a closed bell

func (b *bell) close() { b.event.Close() }
