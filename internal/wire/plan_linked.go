package wire

import (
	"encoding/binary"
	"reflect"
	"unsafe"
)

// pointerTo carries nil, or what the pointer leads to, which gets memory of its own.
func (p planner) pointerTo(t reflect.Type) (s steps, ok bool) {
	elem, ok := p.stepsOf(t.Elem())
	return steps{
		func(buf []byte, at unsafe.Pointer) []byte {
			to := *(*unsafe.Pointer)(at)
			if to == nil {
				return append(buf, 0)
			}
			return elem.append(append(buf, 1), to)
		},
		func(data []byte, at unsafe.Pointer) ([]byte, bool) {
			if len(data) == 0 || data[0] > 1 {
				return nil, false
			}
			if data[0] == 0 {
				return data[1:], true
			}
			to := reflect.New(t.Elem()).UnsafePointer()
			*(*unsafe.Pointer)(at) = to
			return elem.read(data[1:], to)
		},
		1,
	}, ok
}

// mapOf carries nil as 0, else the length plus 1 and the entries.
func (p planner) mapOf(t reflect.Type) (s steps, ok bool) {
	key, ok := p.stepsOf(t.Key())
	elem, elemOK := p.stepsOf(t.Elem())
	least := key.least + elem.least
	return steps{
		func(buf []byte, at unsafe.Pointer) []byte {
			m := reflect.NewAt(t, at).Elem()
			if m.IsNil() {
				return append(buf, 0)
			}
			buf = binary.AppendUvarint(buf, uint64(m.Len())+1)
			k, e := reflect.New(t.Key()), reflect.New(t.Elem())
			for it := m.MapRange(); it.Next(); {
				k.Elem().SetIterKey(it)
				e.Elem().SetIterValue(it)
				buf = elem.append(key.append(buf, k.UnsafePointer()), e.UnsafePointer())
			}
			return buf
		},
		func(data []byte, at unsafe.Pointer) (_ []byte, ok bool) {
			size, width := binary.Uvarint(data)
			if width <= 0 {
				return nil, false
			}
			data = data[width:]
			if size == 0 {
				return data, true
			}
			if size-1 > uint64(len(data)/least) {
				return nil, false
			}
			m := reflect.MakeMapWithSize(t, int(size-1))
			reflect.NewAt(t, at).Elem().Set(m)
			k, e := reflect.New(t.Key()), reflect.New(t.Elem())
			for range size - 1 {
				k.Elem().SetZero()
				e.Elem().SetZero()
				if data, ok = key.read(data, k.UnsafePointer()); !ok {
					return nil, false
				}
				if data, ok = elem.read(data, e.UnsafePointer()); !ok {
					return nil, false
				}
				m.SetMapIndex(k.Elem(), e.Elem())
			}
			return data, true
		},
		1,
	}, ok && elemOK && least > 0
}
