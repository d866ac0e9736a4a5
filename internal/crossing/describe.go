package crossing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

var described sync.Map // reflect.Type to string

// Describe returns what must be alike in two programs for values of type t to travel between them:
// the type's name, and a digest of all that is inside.
func Describe(t reflect.Type) string {
	if known, ok := described.Load(t); ok {
		return known.(string)
	}
	var inside strings.Builder
	describe(&inside, t, map[reflect.Type]int{})
	digest := sha256.Sum256([]byte(inside.String()))
	text := t.String() + " " + hex.EncodeToString(digest[:8])
	described.Store(t, text)
	return text
}

func describe(w *strings.Builder, t reflect.Type, seen map[reflect.Type]int) {
	if n, ok := seen[t]; ok {
		fmt.Fprintf(w, "^%d", n)
		return
	}
	seen[t] = len(seen)
	fmt.Fprintf(w, "%s %s %s(", t.PkgPath(), t.Name(), t.Kind())
	switch t.Kind() {
	case reflect.Array:
		fmt.Fprint(w, t.Len())
		describe(w, t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Chan:
		describe(w, t.Elem(), seen)
	case reflect.Map:
		describe(w, t.Key(), seen)
		describe(w, t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			fmt.Fprintf(w, "%s:", f.Name)
			describe(w, f.Type, seen)
		}
	}
	fmt.Fprint(w, ")")
}
