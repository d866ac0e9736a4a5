package command_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/command"
)

// pieces reads a text in pieces.
type pieces struct {
	text []byte
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.most)], p.text)
	p.text = p.text[n:]
	return n, nil
}

// received is what a reader of answers makes of a text, whatever pieces it comes in, and why it
// stopped.
func received(text []byte, piece int, receive func(*bufio.Reader) ([]byte, error)) (answers []string, err error) {
	r := bufio.NewReaderSize(&pieces{text, max(1, piece)}, 16)
	for {
		answer, err := receive(r)
		if err != nil {
			return answers, err
		}
		answers = append(answers, string(answer))
	}
}

// FuzzReceiveLine checks that each line with an end is an answer, and what has none is an error.
func FuzzReceiveLine(f *testing.F) {
	f.Add([]byte("a\n\nb\r\nlonger than the buffer of the reader\nno end"), 3)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		var want []string
		lines := bytes.Split(text, []byte("\n"))
		for _, line := range lines[:len(lines)-1] {
			want = append(want, string(line))
		}
		got, err := received(text, piece, command.ReceiveLine)
		require.Equal(t, want, got)
		require.ErrorIs(t, err, io.EOF)
	})
}

// FuzzReceiveFrame checks that each whole frame is an answer, and what is torn or too long is an
// error.
func FuzzReceiveFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02ab\x00\x00\x00\x00\x00\x00\x00\x03abc"), 2)
	f.Add([]byte("\x00\x00\x00\x02a"), 1)
	f.Add([]byte("\x00\x00"), 1)
	f.Add([]byte("\x7f\xff\xff\xff and so on"), 100)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		var want []string
		rest := text
		for len(rest) >= 4 {
			n := uint64(binary.BigEndian.Uint32(rest))
			if uint64(len(rest)-4) < n {
				break
			}
			want = append(want, string(rest[4:4+n]))
			rest = rest[4+n:]
		}
		got, err := received(text, piece, command.ReceiveFrame)
		require.Equal(t, want, got)
		require.Error(t, err)
	})
}
