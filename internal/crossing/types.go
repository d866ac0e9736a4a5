package crossing

import (
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"sync"

	"github.com/gopeln/pl/internal/wire"
)

// shape is what the definition of a type tells about carrying its values by gob.
type shape struct {
	err       error // what gob would not carry whole
	cure      string
	opaque    bool // a type is inside that encodes itself and may fail in that: code of the user's runs
	open      bool // an interface is inside: the values tell more
	fragile   bool // a type is inside that loses something in its own encoding, which is gob's
	recursive bool // a value may be a cycle
	// promoted is a part that gob would encode by the methods of a field embedded in it, without
	// its other fields.
	promoted string
}

var shapes sync.Map // reflect.Type to shape

// shapeOf looks through t and everything inside.
func shapeOf(t reflect.Type) shape {
	if known, ok := shapes.Load(t); ok {
		return known.(shape)
	}
	l := look{path: []string{t.String()}, on: map[reflect.Type]bool{}}
	l.at(t)
	shapes.Store(t, l.shape)
	return l.shape
}

// look is one walk through a type.
type look struct {
	shape
	path []string
	on   map[reflect.Type]bool // true: on the path to here; false: looked through before
}

// refuse says what is wrong with the part at hand, and what to do about it.
func (l *look) refuse(cure, format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("%s is %s", strings.Join(l.path, ""), fmt.Sprintf(format, args...))
		l.cure = cure
	}
}

func (l *look) at(t reflect.Type) {
	if on, seen := l.on[t]; seen {
		l.recursive = l.recursive || on
		return
	}
	l.fragile = l.fragile || t == timeType || t == urlType
	switch {
	case wire.IsExact(t):
		return
	case wire.EncodesItself(t):
		l.opaque = l.opaque || !batched[t]
		return
	case wire.Promotes(t) && l.promoted == "":
		l.promoted = strings.Join(l.path, "")
	}
	l.on[t] = true
	defer func() { l.on[t] = false }()
	switch t.Kind() {
	case reflect.Chan:
		l.refuse("send the values that it would carry", "a channel (%s), which cannot leave its process", t)
	case reflect.Func:
		l.refuse("send what tells the worker which function to call, such as a name", "a function (%s), which cannot leave its process", t)
	case reflect.Uintptr, reflect.UnsafePointer:
		l.refuse("send what it points to", "an address (%s), which means nothing in another process", t)
	case reflect.Interface:
		l.open = true
	case reflect.Pointer:
		l.at(t.Elem())
	case reflect.Slice, reflect.Array:
		l.inside("[]", t.Elem())
	case reflect.Map:
		l.inside("[key]", t.Key())
		l.inside("[]", t.Elem())
	case reflect.Struct:
		l.fields(t)
	}
}

func (l *look) inside(step string, t reflect.Type) {
	l.path = append(l.path, step)
	l.at(t)
	l.path = l.path[:len(l.path)-1]
}

func (l *look) fields(t reflect.Type) {
	named := 0
	for f := range t.Fields() {
		if f.Name == "_" {
			continue // holds nothing that could be missed
		}
		named++
		l.path = append(l.path, "."+f.Name)
		switch {
		case !f.IsExported():
			l.refuse("export the field", "an unexported field, which gob leaves out")
		case vanishesAtZero(f.Type):
			l.refuse("use the value itself instead of the pointer", "a pointer (%s) that gob makes nil when what it points to is zero", f.Type)
		default:
			l.at(f.Type)
		}
		l.path = l.path[:len(l.path)-1]
	}
	if named == 0 {
		l.refuse("use bool instead", "a struct (%s) without fields, which gob does not carry inside another value", t)
	}
}

// vanishesAtZero reports whether gob leaves out a field of type t though it is not nil. It follows
// pointers, and leaves out what they end at when that is zero or empty; structs and arrays are
// always sent.
func vanishesAtZero(t reflect.Type) bool {
	if t.Kind() != reflect.Pointer {
		return false
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
		if wire.EncodesItself(t) {
			return false
		}
	}
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Array
}

// batched are types of the standard library that decode whatever they have encoded, so that none of
// them can fail its neighbours in a batch.
var batched = map[reflect.Type]bool{
	reflect.TypeFor[big.Int]():        true,
	reflect.TypeFor[big.Rat]():        true,
	reflect.TypeFor[big.Float]():      true,
	reflect.TypeFor[netip.Addr]():     true,
	reflect.TypeFor[netip.AddrPort](): true,
	reflect.TypeFor[netip.Prefix]():   true,
}
