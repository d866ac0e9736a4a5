package wire

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// A time travels as its second, its nanosecond and its location. It arrives equal, location by name
// included, but for its monotonic reading, which means nothing in another process.

// What a location is.
const (
	zoneUTC   = iota
	zoneLocal // the offset at that time follows, which must be the same at the other end
	zoneFixed // name and offset follow
	zoneNamed // the name follows, by which it can be loaded
)

// local is what time.Local was before the program could change it: the location with that name.
var local = time.Local

func appendTime(buf []byte, t time.Time) []byte {
	buf = binary.AppendVarint(buf, t.Unix())
	buf = binary.AppendUvarint(buf, uint64(t.Nanosecond()))
	loc := t.Location()
	name, offset := t.Zone()
	switch {
	case loc == time.UTC:
		return append(buf, zoneUTC)
	case loc == local:
		return binary.AppendVarint(append(buf, zoneLocal), int64(offset))
	case loc.String() == name && zones.isFixed(loc, zone{name, offset}):
		return binary.AppendVarint(appendText(append(buf, zoneFixed), name), int64(offset))
	case zones.isLoadable(loc):
		return appendText(append(buf, zoneNamed), loc.String())
	}
	panic(failure{fmt.Errorf("a time.Time is in a location %q that cannot be loaded by this name: convert it, as with its "+
		"method UTC", loc)})
}

func readTime(data []byte, t *time.Time) (rest []byte, ok bool) {
	number := func() (n int64) {
		n, width := binary.Varint(data)
		if width <= 0 {
			ok, width = false, 0
		}
		data = data[width:]
		return n
	}
	ok = true
	second := number()
	nanosecond, width := binary.Uvarint(data)
	if width <= 0 || nanosecond >= 1e9 || width == len(data) {
		return nil, false
	}
	kind, data := data[width], data[width+1:]
	at := time.Unix(second, int64(nanosecond))
	name := ""
	if kind == zoneFixed || kind == zoneNamed {
		if name, data, ok = readText(data); !ok {
			return nil, false
		}
	}
	switch kind {
	case zoneUTC:
		*t = at.UTC()
	case zoneLocal:
		*t = at.In(local)
		if want := number(); ok {
			if _, offset := t.Zone(); int64(offset) != want {
				panic(failure{fmt.Errorf("a time.Time is in time.Local, which is another location here, %d seconds east of UTC "+
					"instead of %d: convert it, as with its method UTC", offset, want)})
			}
		}
	case zoneFixed:
		if offset := number(); ok {
			*t = at.In(zones.fixed(zone{name, int(offset)}))
		}
	case zoneNamed:
		loc, err := zones.load(name)
		if err != nil {
			panic(failure{err})
		}
		*t = at.In(loc)
	default:
		ok = false
	}
	return data, ok
}

// zone is a location with one offset.
type zone struct {
	name   string
	offset int
}

// locations are those that were met: what goes and comes back is in the very same location then.
type locations struct {
	mu     sync.Mutex
	fix    map[zone]*time.Location
	byName map[string]*time.Location
	is     map[*time.Location]bool // it can be loaded by its name
}

var zones = locations{
	fix: map[zone]*time.Location{}, byName: map[string]*time.Location{}, is: map[*time.Location]bool{},
}

// mostLocations bounds what is remembered: a program may make locations without end.
const mostLocations = 256

func remember[K comparable, V any](m map[K]V, k K, v V) {
	if len(m) >= mostLocations {
		clear(m)
	}
	m[k] = v
}

// isFixed reports whether loc is what time.FixedZone makes of z.
func (l *locations) isFixed(loc *time.Location, z zone) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fix[z] == loc {
		return true
	}
	if !reflect.DeepEqual(loc, time.FixedZone(z.name, z.offset)) {
		return false
	}
	remember(l.fix, z, loc)
	return true
}

func (l *locations) fixed(z zone) *time.Location {
	l.mu.Lock()
	defer l.mu.Unlock()
	loc, ok := l.fix[z]
	if !ok {
		loc = time.FixedZone(z.name, z.offset)
		remember(l.fix, z, loc)
	}
	return loc
}

// isLoadable reports whether the location of loc's name is loc.
func (l *locations) isLoadable(loc *time.Location) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	is, known := l.is[loc]
	if !known {
		loaded, err := time.LoadLocation(loc.String())
		is = err == nil && loc.String() != local.String() && sameLocation(loc, loaded)
		remember(l.is, loc, is)
		if _, ok := l.byName[loc.String()]; is && !ok {
			remember(l.byName, loc.String(), loc)
		}
	}
	return is
}

func (l *locations) load(name string) (*time.Location, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	loc, ok := l.byName[name]
	if !ok {
		var err error
		if loc, err = time.LoadLocation(name); err != nil {
			return nil, err
		}
		remember(l.byName, name, loc)
	}
	return loc, nil
}

// sameLocation reports whether two locations give the same answers. What they keep for speed
// depends on when they were loaded.
func sameLocation(a, b *time.Location) bool {
	for f := range reflect.TypeFor[time.Location]().Fields() {
		if strings.HasPrefix(f.Name, "cache") {
			continue
		}
		of := func(loc *time.Location) any {
			return reflect.NewAt(f.Type, unsafe.Add(unsafe.Pointer(loc), f.Offset)).Elem().Interface()
		}
		if !reflect.DeepEqual(of(a), of(b)) {
			return false
		}
	}
	return true
}
