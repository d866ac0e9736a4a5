package queue

import "strconv"

// Tag is a value's place in the order of its source. Only queues that lead to an Ordered carry
// tags. The tag of a source value is its number; below a FlatMap it also says which child the value
// is, and of what.
type Tag struct {
	Seq   uint64 // the number of the source value
	child int    // which child of the value that path leads to, plus 1; 0: the source value itself
	path  *path
}

// path leads from a source value down to one of its descendants that has children itself.
type path struct {
	above *path // nil: the source value
	child int   // as in Tag
}

// Child returns the tag of the i-th result of the value of tag t.
func (t Tag) Child(i int) Tag {
	child := Tag{Seq: t.Seq, child: i + 1}
	if t.child > 0 {
		child.path = &path{t.path, t.child}
	}
	return child
}

// Tracker is what the stages between a source and an Ordered tell which values will never reach the
// Ordered as themselves. They call it directly, past the queues, so that the Ordered never waits
// for a value that has been dropped. Its methods, but for Admit, are safe for concurrent use.
type Tracker interface {
	// Hole says that the value of tag t has ended without a result.
	Hole(t Tag)
	// Children says that the value of tag t has become n values, tagged as its children.
	Children(t Tag, n int)
	// Admit waits until one more source value may be under way, or until the Ordered has ended.
	// Only the goroutine of the source may call it.
	Admit(me *Waiter)
	// Limited reports whether Admit can wait.
	Limited() bool
}

// name identifies the value of tag t among the descendants of its source value.
func (t Tag) name() string {
	if t.child == 0 {
		return ""
	}
	return t.parent().name() + "/" + strconv.Itoa(t.child)
}

// parent is the tag of the value whose child the value of tag t is; that of a source value is its
// own.
func (t Tag) parent() Tag {
	if t.path == nil {
		return Tag{Seq: t.Seq}
	}
	return Tag{Seq: t.Seq, child: t.path.child, path: t.path.above}
}
