package process

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl"
)

// slot is the place of one worker in a stage. It starts a worker when there is a value for it,
// replaces it when it has died or had its share, and sees to what was with it.
type slot[A, B, R any] struct {
	*stage[A, B, R]
	index int
	port  *pl.Port[A, B]

	batch   []pl.Item[A]
	boarded []*flight[A] // what board returned last
	values  []A          // of the frame that is being packed
	barren  int          // workers in a row that died without a value to blame
	active  atomic.Bool  // counted in the stage's active

	finishing sync.Mutex // held around what finishes values at the port

	mu      sync.Mutex
	spare   []*flight[A]       // for values to come
	own     []*flight[A]       // values to send before those of the queue, in its order
	waiting context.CancelFunc // makes the slot look at own again, while it waits for the queue
	remote  *remote[A, R]
}

func newSlot[A, B, R any](s *stage[A, B, R], index int, p *pl.Port[A, B]) *slot[A, B, R] {
	return &slot[A, B, R]{stage: s, index: index, port: p, batch: make([]pl.Item[A], maxBatch)}
}

// run gives one worker after another what there is to do, until there is nothing more.
func (s *slot[A, B, R]) run() {
	s.port.Team().Begin()
	defer s.port.Team().End()
	defer s.retire()
	prompt := false
	for {
		next, ok := s.next(s.site.Context(), s.firstWindow(prompt))
		if s.stopping() || !ok && (s.index > 0 || s.started.Load()) {
			return
		}
		s.started.Store(true)
		w, err := s.start(prompt)
		if err != nil {
			s.fail(s.index, err)
			return
		}
		s.runWorker(w, next)
		prompt = s.ended(w)
	}
}

// firstWindow returns how many values a worker gets at first: one if that must begin at once, or if
// it must be clear which value is to blame for the worker's death.
func (s *slot[A, B, R]) firstWindow(prompt bool) int {
	if prompt || s.site.OneByOne() || s.site.Calls() {
		return 1
	}
	return startWindow
}

// runWorker lets a worker work until the input has ended, or it must be replaced, or it has died.
func (s *slot[A, B, R]) runWorker(w *remote[A, R], next []*flight[A]) {
	if !s.active.Swap(true) {
		s.stage.active.Add(1)
	}
	s.site.Background(func() {
		defer close(w.ended)
		defer w.cancel()
		s.receive(w)
	})
	stop := context.AfterFunc(s.site.Context(), func() { s.dismiss(w, true) })
	defer stop()
	s.dismiss(w, s.send(w, next))
	<-w.ended
}

// dismiss tells a worker that there are no more values for it. With ended, there are none for the
// slot either.
func (s *slot[A, B, R]) dismiss(w *remote[A, R], ended bool) {
	if ended {
		s.retire()
	}
	var ending []byte
	if s.stopping() {
		<-s.site.Context().Done() // the site may take note a moment before
		ending = endingOf(s.site.Context())
	}
	w.close(int(s.stage.active.Load()), ending)
}

// retire takes the slot off those that have a worker.
func (s *slot[A, B, R]) retire() {
	if s.active.Swap(false) {
		s.stage.active.Add(-1)
	}
}
