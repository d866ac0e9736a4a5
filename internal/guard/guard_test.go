package guard_test

import (
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl/internal/guard"
)

// hostile does what it is made of in each of its methods.
type hostile func()

func (h hostile) Error() string   { h(); return "hostile" }
func (h hostile) Unwrap() error   { h(); return io.EOF }
func (h hostile) Is(error) bool   { h(); return false }
func (h hostile) As(any) bool     { h(); return false }
func (h hostile) Timeout() bool   { h(); return true }
func (h hostile) Temporary() bool { h(); return true }

func TestAnErrorThatCannotBeAskedSaysNothing(t *testing.T) {
	tests := map[string]struct {
		err  error
		text string
	}{
		"panics":           {hostile(func() { panic("no") }), "an error of type guard_test.hostile, whose Error method panicked: no"},
		"ends":             {hostile(runtime.Goexit), "an error of type guard_test.hostile, whose Error method ended its goroutine with runtime.Goexit"},
		"panics with such": {hostile(func() { panic(hostile(runtime.Goexit)) }), "an error of type guard_test.hostile, whose Error method ended its goroutine with runtime.Goexit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.text, guard.Text(test.err))
			assert.False(t, guard.Is(test.err, io.EOF))
			found, ok := guard.As[interface {
				error
				NotThere()
			}](test.err)
			assert.False(t, ok)
			assert.Nil(t, found)
		})
	}
}

func TestOthersAreAskedAsEver(t *testing.T) {
	err := errors.Join(io.ErrClosedPipe, hostile(func() {}))
	assert.Equal(t, err.Error(), guard.Text(err))
	assert.True(t, guard.Is(err, io.EOF))
	assert.False(t, guard.Is(err, io.ErrShortBuffer))
	_, ok := guard.As[hostile](err)
	assert.True(t, ok)
	assert.Equal(t, "<nil>", guard.Text(nil))
}
