package crossing

import (
	"errors"
	"flag"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Registration is a stage's function as both ends know it.
type Registration struct {
	Backend string // the name of the backend's package
	Main    string // the call before which main must make stages
	Key     string
	Named   bool // by the user: then Key is the same in every program
	Place   string
	In, Out reflect.Type
	Codec   Codec // given where the function was registered; nil: the default
	Err     error // why runs of the stage must fail
	Serve   any   // what runs the function in a worker; the backend knows its type
}

// registry has the functions that a worker can run. It is complete when the program's own code
// begins: in a worker, what is registered later is never reached.
var registry = struct {
	sync.Mutex
	byKey  map[string]*Registration
	at     map[string]int // registrations without a name, by place and types
	closed bool           // in a test binary it is also closed when the flags have been parsed
}{byKey: map[string]*Registration{}, at: map[string]int{}}

// Register enters a function, by name if it has one, else by its place: skip is the number of
// frames between Register's caller and the user's call.
func Register(r *Registration, name string, skip int) {
	at := callerAt(skip + 1)
	r.Place, r.Named, r.Key = at.shown, name != "", name
	registry.Lock()
	defer registry.Unlock()
	if complete() {
		r.Err = fmt.Errorf("the stage was made at %s, after the program had begun, so a worker process would not find its "+
			"function: move the call to a package-level variable (var step = %s.Map(...))%s", r.Place, r.Backend, OrBeforeMain(r.Main))
		return
	}
	if !r.Named {
		r.Key = numbered(fmt.Sprintf("%s %s→%s", at.key, r.In, r.Out))
	}
	if first, taken := registry.byKey[r.Key]; taken {
		err := fmt.Errorf("two stages of package %s have the name %q, one made at %s and one at %s: give each its own "+
			"pl.Name, by which a worker process finds its function", both(first.Backend, r.Backend), name, first.Place, r.Place)
		first.Err, r.Err = errors.Join(first.Err, err), err
		return
	}
	registry.byKey[r.Key] = r
}

func both(a, b string) string {
	if a == b {
		return a
	}
	return a + " and package " + b
}

// Numbered returns a key of its own for what is registered at a place, other than functions. It
// fails when the registry is complete.
func Numbered(kind string, t reflect.Type, skip int) (key, place string, err error) {
	at := callerAt(skip + 1)
	registry.Lock()
	defer registry.Unlock()
	if complete() {
		return "", at.shown, ErrComplete
	}
	return numbered(fmt.Sprintf("%s %s %s", kind, at.key, t)), at.shown, nil
}

// ErrComplete is the error of what is registered too late.
var ErrComplete = errors.New("the registry is complete")

// numbered tells registrations of one place apart. The registry is locked.
func numbered(key string) string {
	registry.at[key]++
	return fmt.Sprintf("%s #%d", key, registry.at[key])
}

// OrBeforeMain tells the second way to make something in time, where there is one: in main, before
// a call.
func OrBeforeMain(call string) string {
	if testing.Testing() {
		return ""
	}
	return ", or in main to before " + call
}

// Find returns the function of a key, if there is one.
func Find(key string) (*Registration, bool) {
	registry.Lock()
	defer registry.Unlock()
	r, ok := registry.byKey[key]
	return r, ok
}

// Of returns a backend's functions, in the order of their keys.
func Of(backend string) (all []*Registration) {
	registry.Lock()
	defer registry.Unlock()
	for _, r := range registry.byKey {
		if r.Backend == backend {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Registration) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// Problem is why the runs of r must fail, if they must.
func (r *Registration) Problem() error {
	registry.Lock()
	defer registry.Unlock()
	return r.Err
}

// Complete closes the registry.
func Complete() {
	registry.Lock()
	defer registry.Unlock()
	registry.closed = true
}

// complete reports whether the registry is closed. A test binary parses its flags when its
// initialisation is over.
func complete() bool { return registry.closed || testing.Testing() && flag.Parsed() }

// site is a place in the user's source.
type site struct {
	shown string // with the file's path on the machine that compiled it
	key   string // the same wherever it was compiled
}

// callerAt returns the place of a call: skip is the number of frames between it and callerAt's
// caller.
func callerAt(skip int) site {
	var pcs [1]uintptr
	if runtime.Callers(skip+2, pcs[:]) == 0 {
		return site{"an unknown place", "?"}
	}
	f, _ := runtime.CallersFrames(pcs[:]).Next()
	dir, file := "", f.File
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		file = file[i+1:]
	}
	if i := strings.LastIndexByte(f.Function, '/'); i >= 0 {
		dir = f.Function[:i+1]
	}
	pkg, _, _ := strings.Cut(f.Function[len(dir):], ".")
	if dir += pkg; dir == "main" {
		dir = mainPackage()
	}
	return site{fmt.Sprintf("%s:%d", f.File, f.Line), fmt.Sprintf("%s/%s:%d", dir, file, f.Line)}
}

// mainPackage is the path of the program's package main.
var mainPackage = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Path != "" {
		return info.Path
	}
	return "main"
})
