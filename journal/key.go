package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

// key is what a journal knows of a key: the first half of its SHA-256. That two keys share it need
// not be feared, not even if they were chosen to.
type key [16]byte

func keyOf(text string) key {
	sum := sha256.Sum256([]byte(text))
	return key(sum[:len(key{})])
}

// lineSize is that of a key in the file: its digits and the end of the line.
const lineSize = 2*16 + 1

func (k key) appendLine(to []byte) []byte { return append(hex.AppendEncode(to, k[:]), '\n') }

func parseLine(line []byte) (k key, ok bool) {
	_, err := hex.Decode(k[:], line[:lineSize-1])
	return k, err == nil && line[lineSize-1] == '\n'
}

// keySet is a set of keys. Its zero value is empty. It is safe for concurrent use.
type keySet struct {
	mu   sync.RWMutex
	keys map[key]struct{}
}

func (s *keySet) has(k key) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.keys[k]
	return ok
}

// add reports whether k was not there before.
func (s *keySet) add(k key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[key]struct{}{}
	}
	before := len(s.keys)
	s.keys[k] = struct{}{} // one look into the map, where a question first would make two
	return len(s.keys) > before
}

func (s *keySet) remove(k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, k)
}
