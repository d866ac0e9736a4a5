package wire

import (
	"bytes"
	"encoding/gob"
	"fmt"
)

// A batch starts with one of these.
const (
	streamGoesOn = iota
	streamBegins // the receiver needs a new gob.Decoder
)

// GobEncoder sends each batch as one []T on one gob stream, so that types are described once and a
// value costs a fraction of what it costs alone.
//
// After a failed Encode a gob stream is of no more use: types whose description was lost count as
// sent. So the next batch begins a new one.
type GobEncoder[T any] struct {
	// EachNew begins a stream with each batch. It is for types whose failed decoding may lose
	// descriptions of types, as those with interfaces inside.
	EachNew bool

	enc *gob.Encoder
	out bytes.Buffer
}

// Append implements [Encoder].
func (e *GobEncoder[T]) Append(buf []byte, batch []T) ([]byte, error) {
	e.out.Reset()
	mark := byte(streamGoesOn)
	if e.enc == nil || e.EachNew {
		mark = streamBegins
		e.enc = gob.NewEncoder(&e.out)
	}
	enc := e.enc
	e.enc = nil // also if a method of a value ends the goroutine
	if err := encode(enc, batch); err != nil {
		return buf, err
	}
	e.enc = enc
	buf = append(append(buf, mark), e.out.Bytes()...)
	if e.out.Cap() > keptBuffer {
		e.enc, e.out = nil, bytes.Buffer{}
	}
	return buf, nil
}

func encode[T any](enc *gob.Encoder, batch []T) (err error) {
	defer guard(&err)
	return enc.Encode(batch)
}

// GobDecoder is the other end of a [GobEncoder].
type GobDecoder[T any] struct {
	dec   *gob.Decoder
	in    bytes.Reader
	batch []T
}

// Decode implements [Decoder].
func (d *GobDecoder[T]) Decode(data []byte, n int) ([]T, error) {
	if len(data) == 0 {
		return nil, errCorrupt
	}
	d.in.Reset(data[1:])
	if data[0] == streamBegins {
		d.dec = gob.NewDecoder(&d.in) // a bytes.Reader is read no further than a message
	}
	if d.dec == nil {
		return nil, errCorrupt
	}
	if err := d.decode(); err != nil {
		return nil, err
	}
	if len(d.batch) != n || d.in.Len() > 0 {
		return nil, fmt.Errorf("%w: %d values where %d were sent", errCorrupt, len(d.batch), n)
	}
	return d.batch, nil
}

func (d *GobDecoder[T]) decode() (err error) {
	defer guard(&err)
	clear(d.batch[:cap(d.batch)]) // gob leaves what is there where the sender had a zero
	d.batch = d.batch[:0]
	return d.dec.Decode(&d.batch)
}
