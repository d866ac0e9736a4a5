package crossing

import (
	"fmt"
	"net/url"
	"reflect"
	"time"

	"github.com/gopeln/pl/internal/wire"
)

// maxDepth is how deep a value may be nested. Encoding goes down with its stack, whose overflow no
// one can recover.
const maxDepth = 10_000

// walk looks through a value whose type does not tell enough: a cycle would never end being
// encoded, and what is in an interface may be of a type that gob does not carry whole.
type walk struct {
	lenient bool // gob's own rules hold: only cycles matter
	planned bool // the values do not travel by gob: only cycles matter
	depth   int
	path    map[place]bool
}

// place is where a pointer, a map or a slice leads to.
type place struct {
	t reflect.Type
	p uintptr
	n int
}

func (w *walk) at(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Struct, reflect.Array:
	default:
		return nil
	}
	gobs := !w.lenient && !w.planned
	if gobs && (v.Type() == timeType || v.Type() == urlType) {
		return survives(v)
	}
	if s := shapeOf(v.Type()); !s.open && !s.recursive && (!s.fragile || !gobs) || wire.EncodesItself(v.Type()) {
		return nil
	}
	if w.depth++; w.depth > maxDepth {
		return fmt.Errorf("the value is nested deeper than %d levels", maxDepth)
	}
	defer func() { w.depth-- }()
	switch v.Kind() {
	case reflect.Interface:
		return w.dynamic(v)
	case reflect.Pointer:
		return w.through(v, 0, func() error { return w.at(v.Elem()) })
	case reflect.Map:
		return w.through(v, 0, func() error { return w.entries(v) })
	case reflect.Slice:
		return w.through(v, v.Len(), func() error { return w.elements(v) })
	case reflect.Array:
		return w.elements(v)
	default:
		return w.fields(v)
	}
}

func (w *walk) dynamic(v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	v = v.Elem()
	switch s := shapeOf(v.Type()); {
	case w.lenient:
	case s.promoted != "":
		return fmt.Errorf("an interface holds a value that gob would not carry whole: %w", promotion(s))
	case s.err != nil:
		return fmt.Errorf("an interface holds a value that gob would not carry whole: %w; %s", s.err, s.advice())
	}
	return w.at(v)
}

func (w *walk) through(v reflect.Value, n int, inside func() error) error {
	if v.IsNil() {
		return nil
	}
	here := place{v.Type(), v.Pointer(), n}
	if w.path[here] {
		return fmt.Errorf("the value is a cycle (by way of %s), which gob cannot carry", v.Type())
	}
	if w.path == nil {
		w.path = map[place]bool{}
	}
	w.path[here] = true
	defer delete(w.path, here)
	return inside()
}

func (w *walk) entries(v reflect.Value) error {
	for it := v.MapRange(); it.Next(); {
		if err := w.at(it.Key()); err != nil {
			return err
		}
		if err := w.at(it.Value()); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) elements(v reflect.Value) error {
	for i := range v.Len() {
		if err := w.at(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) fields(v reflect.Value) error {
	for _, field := range v.Fields() {
		if err := w.at(field); err != nil {
			return err
		}
	}
	return nil
}

var timeType, urlType = reflect.TypeFor[time.Time](), reflect.TypeFor[url.URL]()

// survives looks at a value whose type loses something in its own encoding, which is gob's too: a
// time its location, a URL what its text does not say.
func survives(v reflect.Value) error {
	if !v.CanInterface() {
		return nil
	}
	switch v := v.Interface().(type) {
	case time.Time:
		var back time.Time
		data, err := v.MarshalBinary()
		if err != nil || back.UnmarshalBinary(data) != nil || !reflect.DeepEqual(back.Location(), v.Location()) {
			return fmt.Errorf("a time.Time in location %s travels with an interface, by gob, which would not carry the location; "+
				"convert it with its method UTC", v.Location())
		}
	case url.URL:
		var back url.URL
		data, err := v.MarshalBinary()
		if err != nil || back.UnmarshalBinary(data) != nil || !reflect.DeepEqual(back, v) {
			return fmt.Errorf("the URL %s travels with an interface, by gob, which would carry its text, and that is another URL; "+
				"send the text instead", v.Redacted())
		}
	}
	return nil
}
