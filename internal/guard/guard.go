// Package guard calls the methods of users' errors. These are code of the user's, which may panic
// or end its goroutine; the functions of this package return in both cases.
package guard

import (
	"errors"
	"fmt"
)

// Text returns err.Error(), or if that does not return, a text that says what became of the call.
func Text(err error) (text string) {
	if err == nil {
		return "<nil>"
	}
	if trouble := Call(func() { text = err.Error() }); trouble != nil {
		return fmt.Sprintf("an error of type %T, whose Error method %v", err, trouble)
	}
	return text
}

// Is is errors.Is. It reports false if a method of err does not return.
func Is(err, target error) (is bool) {
	return Call(func() { is = errors.Is(err, target) }) == nil && is
}

// As is errors.AsType. It reports false if a method of err does not return.
func As[E error](err error) (found E, ok bool) {
	if Call(func() { found, ok = errors.AsType[E](err) }) != nil {
		var none E
		return none, false
	}
	return found, ok
}

// Call calls f in a goroutine of its own, where Goexit ends nothing else, and waits for it. It
// returns nil if f returned. Otherwise the text of the error says what f did, as the rest of a
// sentence: "panicked: …".
func Call(f func()) (trouble error) {
	done := make(chan struct{})
	trouble = errGoexit
	go func() {
		defer close(done)
		defer func() {
			if value := recover(); value != nil {
				trouble = fmt.Errorf("panicked: %v", value)
			}
		}()
		f()
		trouble = nil
	}()
	<-done
	return trouble
}

var errGoexit = errors.New("ended its goroutine with runtime.Goexit")
