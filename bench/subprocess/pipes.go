package subprocess

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl/bench/measure"
)

// pipes are children that get blocks through a pipe and send them back, and nothing else: what is
// left of the work when there is no library at all. It is a floor, and no rival: it knows nothing
// of errors, types, fairness or crashes.
type pipes struct{ children []*echo }

type echo struct {
	command *exec.Cmd
	stdin   io.Closer
	to      *bufio.Writer
	from    *bufio.Reader
}

// serveEcho does the work of blocks on standard input and output.
func serveEcho() error {
	in, out := bufio.NewReaderSize(os.Stdin, 64<<10), bufio.NewWriterSize(os.Stdout, 64<<10)
	var block []byte
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		var err error
		if block, err = readBlock(in, block); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		block[0]++
		if err := writeBlock(out, block); err != nil {
			return err
		}
	}
}

func startPipes() (*pipes, error) {
	p := new(pipes)
	for range children {
		if err := p.start(); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

func (p *pipes) start() error {
	c, err := child("echo")
	if err != nil {
		return err
	}
	c.Stderr = os.Stderr
	to, err := c.StdinPipe()
	if err != nil {
		return err
	}
	from, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	p.children = append(p.children, &echo{c, to, bufio.NewWriterSize(to, 64<<10), bufio.NewReaderSize(from, 64<<10)})
	return nil
}

func (p *pipes) close() (err error) {
	for _, e := range p.children {
		err = errors.Join(err, e.stdin.Close(), e.command.Wait())
	}
	return err
}

// stream sends each child its share of the blocks.
func (p *pipes) stream(l load[[]byte]) measure.Contender {
	return measure.Contender{Name: "bare pipes", Run: func(n int) (sum int, err error) {
		var all errgroup.Group
		sums := make([]int, len(p.children))
		for k, e := range p.children {
			share := n*(k+1)/len(p.children) - n*k/len(p.children)
			all.Go(func() error {
				for i := range share {
					if err := writeBlock(e.to, l.make(i)); err != nil {
						return err
					}
				}
				return e.to.Flush()
			})
			all.Go(func() error {
				for range share {
					block, err := readBlock(e.from, nil)
					if err != nil {
						return err
					}
					sums[k] += l.count(block)
				}
				return nil
			})
		}
		err = all.Wait()
		for _, s := range sums {
			sum += s
		}
		return sum, err
	}}
}

// roundTrip sends one block of the size of an int, and waits for it.
func (p *pipes) roundTrip() error {
	e := p.children[0]
	if err := errors.Join(writeBlock(e.to, make([]byte, 8)), e.to.Flush()); err != nil {
		return err
	}
	_, err := readBlock(e.from, nil)
	return err
}

func writeBlock(w *bufio.Writer, block []byte) error {
	head := binary.LittleEndian.AppendUint32(w.AvailableBuffer(), uint32(len(block)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(block)
	return err
}

// readBlock reads a block into memory, if that is large enough, else into new memory.
func readBlock(r *bufio.Reader, memory []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(head[:]))
	if size > cap(memory) {
		memory = make([]byte, size)
	}
	_, err := io.ReadFull(r, memory[:size])
	return memory[:size], err
}
