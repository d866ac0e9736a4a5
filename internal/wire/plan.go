package wire

import (
	"encoding/binary"
	"reflect"
	"runtime/debug"
	"slices"
	"unsafe"
)

// Plan carries values of a type without interfaces, channels and functions. Both ends are the same
// program on the same machine, so a value's memory is alike in both: what has no pointers is copied
// as it is, and how to walk through the rest is found out once. Types that encode themselves do so.
// What arrives is at least what arrives by gob; an empty slice is nil. A value must not lead to
// itself.
type Plan[T any] struct {
	row   row
	least int // bytes that a value takes at least
	flat  bool
	batch []T
}

// NewPlan makes the plan for T. It reports false if T has something else inside.
func NewPlan[T any]() (*Plan[T], bool) {
	t := reflect.TypeFor[T]()
	s, ok := planner{}.stepsOf(t)
	return &Plan[T]{row: repeated(s, t), least: s.least, flat: isFlat(t)}, ok && s.least > 0
}

// failure is the panic of a step whose value cannot be encoded or decoded.
type failure struct{ err error }

// caught makes an error of a panic in the function that defers it.
func caught(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.err
	default:
		*err = &PanicError{r, debug.Stack()}
	}
}

// Append implements [Encoder].
func (p *Plan[T]) Append(buf []byte, batch []T) (_ []byte, err error) {
	defer caught(&err)
	return p.row.append(buf, unsafe.Pointer(unsafe.SliceData(batch)), len(batch)), nil
}

// Decode implements [Decoder]. The data bounds the memory that is taken.
func (p *Plan[T]) Decode(data []byte, n int) (_ []T, err error) {
	defer caught(&err)
	if n < 0 || n > len(data)/p.least {
		return nil, errCorrupt
	}
	if !p.flat {
		clear(p.batch) // what the last values point to is theirs
	}
	p.batch = slices.Grow(p.batch[:0], n)[:n]
	if data, ok := p.row.read(data, unsafe.Pointer(unsafe.SliceData(p.batch)), n); !ok || len(data) > 0 {
		return nil, errCorrupt
	}
	return p.batch, nil
}

// steps carry values of one type.
type steps struct {
	// append appends the value at that place.
	append func(buf []byte, at unsafe.Pointer) []byte
	// read fills in the zero value at that place. It reports false where data does not begin with
	// what append makes.
	read  func(data []byte, at unsafe.Pointer) (rest []byte, ok bool)
	least int // bytes that a value takes at least
}

// planner makes steps. It knows those of types that are being looked at, or were.
type planner map[reflect.Type]*steps

func (p planner) stepsOf(t reflect.Type) (s steps, ok bool) {
	if isFlat(t) {
		return flat(t.Size()), true
	}
	if known, ok := p[t]; ok {
		return later(known), true
	}
	p[t] = &steps{}
	s, ok = p.make(t)
	*p[t] = s
	return s, ok
}

// later are the steps that s will be: those of a type that has itself inside, by way of a pointer,
// a slice or a map, which takes a byte.
func later(s *steps) steps {
	if s.append != nil {
		return *s
	}
	return steps{
		func(buf []byte, at unsafe.Pointer) []byte { return s.append(buf, at) },
		func(data []byte, at unsafe.Pointer) ([]byte, bool) { return s.read(data, at) },
		1,
	}
}

func (p planner) make(t reflect.Type) (s steps, ok bool) {
	if s, ok := exact[t]; ok {
		return s, true
	}
	if EncodesItself(t) {
		return byItself(t), true
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolean, true
	case reflect.String:
		return text, true
	case reflect.Slice:
		return p.sliceOf(t)
	case reflect.Array:
		return p.arrayOf(t)
	case reflect.Struct:
		return p.structOf(t)
	case reflect.Pointer:
		return p.pointerTo(t)
	case reflect.Map:
		return p.mapOf(t)
	}
	return steps{}, false
}

// isFlat reports whether every content of the memory of a t is a value that is carried as it is.
func isFlat(t reflect.Type) bool {
	if EncodesItself(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Array:
		return isFlat(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !isFlat(f.Type) {
				return false
			}
		}
		return true
	}
	return false
}

// flat is for so many bytes of memory without pointers.
func flat(size uintptr) steps {
	return steps{
		func(buf []byte, at unsafe.Pointer) []byte { return copyOut(buf, at, size) },
		func(data []byte, at unsafe.Pointer) ([]byte, bool) { return copyIn(data, at, size) },
		int(size),
	}
}

func copyOut(buf []byte, at unsafe.Pointer, size uintptr) []byte {
	return append(buf, unsafe.Slice((*byte)(at), size)...)
}

func copyIn(data []byte, at unsafe.Pointer, size uintptr) (rest []byte, ok bool) {
	if uintptr(len(data)) < size {
		return nil, false
	}
	copy(unsafe.Slice((*byte)(at), size), data)
	return data[size:], true
}

// boolean takes a byte, which is 0 or 1: with another one in its memory, the compiler's promises
// would not hold.
var boolean = steps{
	func(buf []byte, at unsafe.Pointer) []byte { return append(buf, *(*byte)(at)) },
	func(data []byte, at unsafe.Pointer) ([]byte, bool) {
		if len(data) == 0 || data[0] > 1 {
			return nil, false
		}
		*(*byte)(at) = data[0]
		return data[1:], true
	},
	1,
}

var text = steps{
	func(buf []byte, at unsafe.Pointer) []byte {
		s := *(*string)(at)
		return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
	},
	func(data []byte, at unsafe.Pointer) ([]byte, bool) {
		n, data, ok := length(data, 1)
		if ok {
			*(*string)(at) = string(data[:n])
			data = data[n:]
		}
		return data, ok
	},
	1,
}

// length reads how many elements follow, each of which takes some bytes at least.
func length(data []byte, least int) (n int, rest []byte, ok bool) {
	size, width := binary.Uvarint(data)
	if width <= 0 || size > uint64((len(data)-width)/least) {
		return 0, nil, false
	}
	return int(size), data[width:], true
}

func (p planner) sliceOf(t reflect.Type) (s steps, ok bool) {
	elem, ok := p.stepsOf(t.Elem())
	if !ok || elem.least == 0 {
		return s, false
	}
	each := repeated(elem, t.Elem())
	return steps{
		func(buf []byte, at unsafe.Pointer) []byte {
			all := *(*[]struct{})(at) // of whatever elements
			return each.append(binary.AppendUvarint(buf, uint64(len(all))), unsafe.Pointer(unsafe.SliceData(all)), len(all))
		},
		func(data []byte, at unsafe.Pointer) ([]byte, bool) {
			n, data, ok := length(data, elem.least)
			if !ok || n == 0 {
				return data, ok
			}
			all := reflect.MakeSlice(t, n, n)
			reflect.NewAt(t, at).Elem().Set(all)
			return each.read(data, all.UnsafePointer(), n)
		},
		1,
	}, true
}

func (p planner) arrayOf(t reflect.Type) (s steps, ok bool) {
	elem, ok := p.stepsOf(t.Elem())
	each, n := repeated(elem, t.Elem()), t.Len()
	return steps{
		func(buf []byte, at unsafe.Pointer) []byte { return each.append(buf, at, n) },
		func(data []byte, at unsafe.Pointer) ([]byte, bool) { return each.read(data, at, n) },
		n * elem.least,
	}, ok
}

// row carries so many elements that lie side by side.
type row struct {
	append func(buf []byte, at unsafe.Pointer, n int) []byte
	read   func(data []byte, at unsafe.Pointer, n int) ([]byte, bool)
}

func repeated(elem steps, t reflect.Type) row {
	size := t.Size()
	if isFlat(t) {
		return row{
			func(buf []byte, at unsafe.Pointer, n int) []byte { return copyOut(buf, at, size*uintptr(n)) },
			func(data []byte, at unsafe.Pointer, n int) ([]byte, bool) { return copyIn(data, at, size*uintptr(n)) },
		}
	}
	return row{
		func(buf []byte, at unsafe.Pointer, n int) []byte {
			for i := range uintptr(n) {
				buf = elem.append(buf, unsafe.Add(at, i*size))
			}
			return buf
		},
		func(data []byte, at unsafe.Pointer, n int) (_ []byte, ok bool) {
			for i := range uintptr(n) {
				if data, ok = elem.read(data, unsafe.Add(at, i*size)); !ok {
					return nil, false
				}
			}
			return data, true
		},
	}
}

// part is a piece of a struct: a field, or several side by side that are flat.
type part struct {
	steps
	offset uintptr
	flat   bool
}

func (p planner) structOf(t reflect.Type) (s steps, ok bool) {
	var parts []part
	for f := range t.Fields() {
		steps, ok := p.stepsOf(f.Type)
		last := len(parts) - 1
		switch {
		case f.Name == "_":
			continue // holds nothing
		case !ok:
			return s, false
		case isFlat(f.Type) && last >= 0 && parts[last].flat:
			parts[last].steps = flat(f.Offset + f.Type.Size() - parts[last].offset)
		case EncodesItself(f.Type) && !IsExact(f.Type):
			parts = append(parts, part{unlessZero(steps, f.Type), f.Offset, false})
		default:
			parts = append(parts, part{steps, f.Offset, isFlat(f.Type)})
		}
	}
	for _, part := range parts {
		s.least += part.least
	}
	s.append = func(buf []byte, at unsafe.Pointer) []byte {
		for i := range parts {
			buf = parts[i].append(buf, unsafe.Add(at, parts[i].offset))
		}
		return buf
	}
	s.read = func(data []byte, at unsafe.Pointer) (_ []byte, ok bool) {
		for i := range parts {
			if data, ok = parts[i].read(data, unsafe.Add(at, parts[i].offset)); !ok {
				return nil, false
			}
		}
		return data, true
	}
	return s, true
}
