package embed

import (
	"bytes"
	"sync"
)

// workload is the messages of work that a local worker has, by what passes over its connection: each from when the server
// gives it to the worker until the worker says that it is done with. When the worker has died the messages are handed back
// at once, instead of at the end of their lease, and so are those that the server still gives to it.
type workload struct {
	mu          sync.Mutex
	held, older map[string]bool
	handBack    func(message string) // nil: the worker lives
}

// mostHeld limits what is known of a worker, twice: of runs that were broken off it keeps messages that mean nothing any more.
const mostHeld = 4096

// gave notes that the server has given a message to the worker.
func (w *workload) gave(message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.handBack != nil {
		w.handBack(message)
		return
	}
	if len(w.held) >= mostHeld || w.held == nil {
		w.older, w.held = w.held, map[string]bool{}
	}
	w.held[message] = true
}

// done notes that the worker has said what became of a message.
func (w *workload) done(message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, message)
	delete(w.older, message)
}

// settle hands back what the worker had, now that it has died.
func (w *workload) settle(handBack func(message string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handBack = handBack
	for _, messages := range []map[string]bool{w.held, w.older} {
		for m := range messages {
			handBack(m)
		}
	}
	w.held, w.older = nil, nil
}

// sighting is a writer that finds the messages of work in what NATS clients and servers say. A message is named by the subject
// by which it is acknowledged, without the last of its parts, which does not matter, and of which the end is not known
// inside of other data.
type sighting struct {
	found func(message string)
	rest  []byte // what may be the beginning of a name
}

const (
	nameParts = 8
	mostName  = 512
)

var (
	signOfLife = []byte("PUB $JS.ACK.") // a worker's, of a message that it has still
	nameStart  = signOfLife[len("PUB "):]
)

// Write looks at p. It never fails.
func (s *sighting) Write(p []byte) (int, error) {
	data := p
	if len(s.rest) > 0 {
		data = append(s.rest, p...)
	}
	for {
		i := bytes.Index(data, nameStart)
		if i < 0 {
			data = data[len(data)-unfinished(data):]
			break
		}
		end := nameEnd(data[i:])
		alive := bytes.HasSuffix(data[:i+len(nameStart)], signOfLife)
		if end == 0 && len(data)-i < mostName {
			if alive {
				i = i + len(nameStart) - len(signOfLife)
			}
			data = data[i:]
			break
		}
		if end > 0 && !alive {
			s.found(string(data[i : i+end]))
		}
		data = data[i+len(nameStart):]
	}
	s.rest = append(s.rest[:0], data...)
	return len(p), nil
}

// unfinished is how many bytes at the end of data may be the beginning of a name, or of a sign of life.
func unfinished(data []byte) int {
	for n := min(len(data), len(signOfLife)-1); n > 0; n-- {
		if end := data[len(data)-n:]; bytes.HasPrefix(signOfLife, end) || bytes.HasPrefix(nameStart, end) {
			return n
		}
	}
	return 0
}

// nameEnd is where the name ends that data begins with. It is 0 if data is too short, and -1 if there is none.
func nameEnd(data []byte) int {
	parts := 0
	for i, c := range data {
		switch {
		case c <= ' ' || c > '~':
			return -1
		case c == '.':
			if parts++; parts == nameParts {
				return i + 1
			}
		}
	}
	return 0
}
