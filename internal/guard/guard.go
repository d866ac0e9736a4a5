// Package guard asks errors of users for what they have to say. Their methods are code of the
// user's, which may panic, and end the goroutine; neither gets out of here.
package guard

import (
	"errors"
	"fmt"
)

// Text is what err.Error() returns, or else what became of the call.
func Text(err error) (text string) {
	if err == nil {
		return "<nil>"
	}
	if trouble := Call(func() { text = err.Error() }); trouble != nil {
		return fmt.Sprintf("an error of type %T, whose Error method %v", err, trouble)
	}
	return text
}

// Is reports whether errors.Is does; an error that cannot be asked is not target.
func Is(err, target error) (is bool) {
	return Call(func() { is = errors.Is(err, target) }) == nil && is
}

// As is errors.AsType; in an error that cannot be asked there is nothing to be found.
func As[E error](err error) (found E, ok bool) {
	if Call(func() { found, ok = errors.AsType[E](err) }) != nil {
		var none E
		return none, false
	}
	return found, ok
}

// Call calls f in a goroutine of its own, where Goexit ends nothing else, and waits for it. It
// returns what became of a call that did not return, as the rest of a sentence.
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
