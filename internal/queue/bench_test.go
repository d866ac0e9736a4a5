package queue

import (
	"fmt"
	"sync"
	"testing"
)

// BenchmarkQueue is the bare queue, without workers, beside the model and a Go channel: some
// producers put 100,000 values, and some consumers take them.
func BenchmarkQueue(b *testing.B) {
	for _, ends := range [][2]int{{1, 1}, {2, 2}, {4, 1}} {
		for _, bound := range []int{1, 64, 1024, 0} {
			for _, kind := range []struct {
				name string
				make func() Queue[int]
			}{
				{"window", func() Queue[int] { return NewWindowed[int](bound, false) }},
				{"channel", func() Queue[int] { return NewChannel[int](bound, func(f func()) { go f() }) }},
				{"ring", func() Queue[int] { return newRing[int](bound) }},
			} {
				if bound == 0 && kind.name == "channel" {
					continue // it would have no room at all
				}
				name := fmt.Sprintf("producers=%d/consumers=%d/bound=%d/%s", ends[0], ends[1], bound, kind.name)
				b.Run(name, func(b *testing.B) { perValue(b, kind.make, ends[0], ends[1]) })
			}
		}
	}
}

// perValue reports what one value costs on its way through a new queue.
func perValue(b *testing.B, queue func() Queue[int], producers, consumers int) {
	const n = 100_000
	for b.Loop() {
		q := queue()
		q.AddStage(func() {})
		var putting, taking sync.WaitGroup
		for range producers {
			out := q.Producer()
			putting.Go(func() {
				w := me()
				for i := range n / producers {
					out.Put(w, i, Tag{})
				}
			})
		}
		for range consumers {
			in := q.Consumer(nil)
			taking.Go(func() {
				w := me()
				for ok := true; ok; {
					_, _, ok = in.Take(w)
				}
			})
		}
		putting.Wait()
		q.StageEnded()
		taking.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkReorder is the queue before an Ordered: the producers share the numbers in blocks, as
// windows deal them out.
func BenchmarkReorder(b *testing.B) {
	const n, block = 100_000, 50
	for _, producers := range []int{1, 2, 4} {
		for _, window := range []int{0, 1024} {
			b.Run(fmt.Sprintf("producers=%d/window=%d", producers, window), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					q := NewReorder[int](window)
					q.AddStage(func() {})
					blocks := make(chan uint64, 2*producers)
					go func() {
						defer close(blocks)
						w := me()
						for i := range uint64(n) {
							q.Admit(w)
							if i%block == block-1 {
								blocks <- i + 1 - block
							}
						}
					}()
					var putting sync.WaitGroup
					for range producers {
						out := q.Producer()
						putting.Go(func() {
							w := me()
							for first := range blocks {
								for i := first; i < first+block; i++ {
									out.Put(w, int(i), Tag{Seq: i})
								}
							}
						})
					}
					go func() {
						putting.Wait()
						q.StageEnded()
					}()
					in, w := q.Consumer(nil), me()
					for want := range n {
						if v, _, ok := in.Take(w); !ok || v != want {
							b.Fatalf("value %d is %d, %v", want, v, ok)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
