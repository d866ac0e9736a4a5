//go:build unix

package child_test

import (
	"bufio"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/child"
)

// peer is the other end of an Asker's pipes.
type peer struct{ in, out *os.File }

func asker(t *testing.T) (*child.Asker, peer) {
	t.Helper()
	theirIn, in, err := os.Pipe()
	require.NoError(t, err)
	out, theirOut, err := os.Pipe()
	require.NoError(t, err)
	for _, f := range []*os.File{theirIn, in, out, theirOut} {
		t.Cleanup(func() { f.Close() })
	}
	a, err := child.NewAsker(in, out)
	require.NoError(t, err)
	return a, peer{theirIn, theirOut}
}

func TestAnAskerSendsItsQuestionAndReadsTheAnswer(t *testing.T) {
	a, other := asker(t)
	go io.Copy(other.out, other.in)
	answers := bufio.NewReader(a)
	for _, question := range []string{"one\n", "two\n", strings.Repeat("x", 300_000) + "\n", "four\n"} {
		a.Ask([]byte(question))
		answer, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.True(t, question == answer)
		sent, err := a.Sent()
		require.NoError(t, err)
		require.True(t, sent)
	}
}

func TestAnAskerWaitsForAnAnswer(t *testing.T) {
	a, other := asker(t)
	go func() {
		var b [2]byte
		_, _ = io.ReadFull(other.in, b[:])
		time.Sleep(20 * time.Millisecond)
		_, _ = other.out.Write(b[:])
	}()
	a.Ask([]byte("a\n"))
	var b [10]byte
	n, err := a.Read(b[:])
	require.NoError(t, err)
	require.Equal(t, "a\n", string(b[:n]))
}

func TestAnAskerDoesNotAskWhereThereIsAnAnswer(t *testing.T) {
	a, other := asker(t)
	_, err := other.out.WriteString("early\n")
	require.NoError(t, err)
	a.Ask([]byte("question\n"))
	var b [100]byte
	_, err = a.Read(b[:])
	require.ErrorIs(t, err, child.ErrUnasked)
	sent, err := a.Sent()
	require.NoError(t, err)
	require.False(t, sent)
	require.NoError(t, other.in.SetReadDeadline(time.Now()))
	_, err = other.in.Read(b[:])
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "nothing was sent")
}

func TestAnAskerLearnsThatNobodyIsThere(t *testing.T) {
	a, other := asker(t)
	require.NoError(t, other.in.Close())
	a.Ask([]byte("question\n"))
	var b [100]byte
	_, err := a.Read(b[:])
	require.ErrorIs(t, err, syscall.EPIPE)
	sent, _ := a.Sent()
	require.False(t, sent)

	require.NoError(t, other.out.Close())
	a.Ask([]byte("question\n"))
	_, err = a.Read(b[:])
	require.ErrorIs(t, err, io.EOF)
	sent, _ = a.Sent()
	require.False(t, sent)
}
