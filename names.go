package pl

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
)

// operatorName returns the name of an operator that calls f: the name of f, if it has one. If f is
// a function literal, or made by one, such as by Lift or Try, it is the verb and the place of the
// user's call that made the operator: "Map at main.go:14". It must be called in that call.
func operatorName(verb string, f any) string {
	if name, ok := functionName(f); ok {
		return name
	}
	return verb + " at " + userPlace()
}

// functionName returns the name of f without the path of its package and without type arguments. It
// reports false if f has none of its own.
func functionName(f any) (name string, ok bool) {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.IsNil() {
		return "", false
	}
	fn := runtime.FuncForPC(v.Pointer())
	if fn == nil {
		return "", false
	}
	name = strings.ReplaceAll(fn.Name(), "[...]", "")
	name = name[strings.LastIndexByte(name, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	return strings.TrimSuffix(name, "-fm"), !literal.MatchString(name)
}

// literal matches the name of a function literal: that of the function around it, and a number. The
// rest depends on the compiler's version and on what it has inlined.
var literal = regexp.MustCompile(`\.(?:func)?\d+$`)

// userPlace returns file and line of the call that led into this module.
func userPlace() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		if !ofModule(frame.Function) {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// optionPackage returns the name of the package whose function makes an option, in a call of
// Attach.
func optionPackage() string {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		path := packageOf(frame.Function)
		if !more || path != module && !strings.Contains(path, "/internal/") {
			return path[strings.LastIndexByte(path, '/')+1:]
		}
	}
}

// ofModule reports whether a function belongs to this module, and not to its tests or examples.
func ofModule(function string) bool {
	path := packageOf(function)
	inside, ok := strings.CutPrefix(path, module)
	return ok && (inside == "" || inside[0] == '/') && !strings.HasSuffix(path, "_test") &&
		!strings.HasPrefix(inside, "/internal/backendtest") && !strings.HasPrefix(inside, "/examples/")
}

var module = reflect.TypeFor[Option]().PkgPath()

// packageOf returns the path of the package of a function, as the runtime names it.
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	name, _, _ := strings.Cut(function[slash:], ".")
	return function[:slash] + name
}

func isNil(f any) bool {
	v := reflect.ValueOf(f)
	return !v.IsValid() || v.Kind() == reflect.Func && v.IsNil()
}

// atUserPlace adds the place of the user's call to an error about one of its arguments.
func atUserPlace(err error) error { return fmt.Errorf("%w (at %s)", err, userPlace()) }
