package journal

// SetMapSize changes how large a piece of a file is mapped, and returns what takes that back.
func SetMapSize(n int) (restore func()) {
	before := mapSize
	mapSize = n
	return func() { mapSize = before }
}

// WriteEachKey makes j do as on a system that cannot map files.
func (j *Journal) WriteEachKey() { j.tail.written = true }
