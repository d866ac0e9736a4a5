package subprocess

import (
	"bytes"
	"context"
	"encoding/gob"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl/bench/measure"
)

// gobBatch is how many values are encoded together.
const gobBatch = 512

// gobAlone encodes and decodes each value twice, as on its way to a child and back, but goes
// nowhere: it is what is left of the work when transport costs nothing. As many goroutines as there
// are children share the values.
func gobAlone[T any](l load[T]) measure.Contender {
	return measure.Contender{Name: "gob, without a process", Run: func(n int) (sum int, err error) {
		var all errgroup.Group
		sums := make([]int, children)
		for k := range children {
			from, to := n*k/children, n*(k+1)/children
			all.Go(func() (err error) {
				sums[k], err = thereAndBack(l, from, to)
				return err
			})
		}
		err = all.Wait()
		for _, s := range sums {
			sum += s
		}
		return sum, err
	}}
}

func thereAndBack[T any](l load[T], from, to int) (sum int, err error) {
	there, back := newStretch[T](), newStretch[T]()
	for ; from < to; from += gobBatch {
		batch := make([]T, 0, gobBatch)
		for i := from; i < min(from+gobBatch, to); i++ {
			batch = append(batch, l.make(i))
		}
		if batch, err = there.carry(batch); err != nil {
			return sum, err
		}
		for i := range batch {
			if batch[i], err = l.work(context.Background(), batch[i]); err != nil {
				return sum, err
			}
		}
		if batch, err = back.carry(batch); err != nil {
			return sum, err
		}
		for _, v := range batch {
			sum += l.count(v)
		}
	}
	return sum, nil
}

// stretch is one direction of the way.
type stretch[T any] struct {
	enc   *gob.Encoder
	dec   *gob.Decoder
	batch []T
}

func newStretch[T any]() *stretch[T] {
	b := new(bytes.Buffer)
	return &stretch[T]{enc: gob.NewEncoder(b), dec: gob.NewDecoder(b)}
}

func (s *stretch[T]) carry(batch []T) ([]T, error) {
	if err := s.enc.Encode(batch); err != nil {
		return nil, err
	}
	clear(s.batch[:cap(s.batch)])
	s.batch = s.batch[:0]
	err := s.dec.Decode(&s.batch)
	return s.batch, err
}
