package crossing

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"

	"github.com/gopeln/pl/internal/wire"
)

// Codec turns values into bytes and back, as package process documents it.
type Codec interface {
	Append(buf []byte, v any) ([]byte, error)
	Decode(data []byte, v any) error
}

// The codecs that have a name.
var (
	Gob Codec = gobCodec{}
	Raw Codec = rawCodec{}
)

// Setting is the key of an option that backends share.
type Setting int

// WithCodec is the key of the option that gives a stage its codec.
const WithCodec Setting = iota

var errCorrupt = errors.New("corrupt data")

type gobCodec struct{}

func (gobCodec) Append(buf []byte, v any) ([]byte, error) {
	out := bytes.NewBuffer(buf)
	err := gob.NewEncoder(out).Encode(v)
	return out.Bytes(), err
}

func (gobCodec) Decode(data []byte, v any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(v)
}

type rawCodec struct{}

func (rawCodec) Append(buf []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case []byte:
		return append(buf, v...), nil
	case string:
		return append(buf, v...), nil
	}
	return buf, notRaw(reflect.TypeOf(v))
}

func (rawCodec) Decode(data []byte, v any) error {
	switch v := v.(type) {
	case *[]byte:
		*v = bytes.Clone(data)
	case *string:
		*v = string(data)
	default:
		return notRaw(reflect.TypeOf(v))
	}
	return nil
}

func notRaw(t reflect.Type) error {
	return fmt.Errorf("process.Raw carries []byte and string, not %s", t)
}

// Channel is how values of type T go in one direction.
type Channel[T any] struct {
	Name    string
	Encoder func() wire.Encoder[T]
	Decoder func() wire.Decoder[T]
	// Single: a value may fail to be decoded, so each is a batch of its own.
	Single bool
}

// ChannelFor chooses how T goes with codec c; nil is the default. The error says why it cannot.
func ChannelFor[T any](c Codec) (Channel[T], error) {
	t := reflect.TypeFor[T]()
	if raw, ok := rawChannel[T](); ok && (c == nil || c == Raw) {
		return raw, nil
	}
	switch {
	case c == Raw && t.Size() > 0:
		return Channel[T]{}, notRaw(t)
	case c != nil && c != Gob && c != Raw:
		own := ownCodec[T]{c}
		return Channel[T]{Name: fmt.Sprintf("%T", c), Encoder: func() wire.Encoder[T] { return own },
			Decoder: func() wire.Decoder[T] { return own }}.apart(), nil
	case t.Size() == 0:
		return Channel[T]{"empty", func() wire.Encoder[T] { return wire.Empty[T]{} },
			func() wire.Decoder[T] { return wire.Empty[T]{} }, false}, nil
	}
	s, lenient := shapeOf(t), c == Gob
	if s.err != nil && !lenient {
		return Channel[T]{}, refusal[T](s)
	}
	way := byGob[T](s, lenient)
	if plan, ok := planned[T](s); ok && !lenient {
		way = plan
	} else if err := gobRefuses[T](); err != nil {
		return Channel[T]{}, fmt.Errorf("gob cannot carry %s: %w; %s", t, err, s.advice())
	} else if s.promoted != "" && !lenient {
		return Channel[T]{}, promotion(s)
	}
	if s.open || s.opaque {
		return way.apart(), nil
	}
	return way, nil
}

// planned is how values go by default if their type allows it: several times as fast as by gob.
func planned[T any](s shape) (c Channel[T], ok bool) {
	plan, ok := wire.NewPlan[T]()
	fresh := func() *wire.Plan[T] {
		p := *plan
		return &p
	}
	return Channel[T]{
		Name: "plan",
		Encoder: func() wire.Encoder[T] {
			if s.recursive {
				return lookingEncoder[T]{fresh(), walk{planned: true}}
			}
			return fresh()
		},
		Decoder: func() wire.Decoder[T] { return fresh() },
	}, ok
}

// byGob is how values go if there is an interface inside, and where Gob was named.
func byGob[T any](s shape, lenient bool) Channel[T] {
	return Channel[T]{
		Name: "gob",
		Encoder: func() wire.Encoder[T] {
			e := &wire.GobEncoder[T]{EachNew: s.open}
			if s.open || s.recursive {
				return lookingEncoder[T]{e, walk{lenient: lenient}}
			}
			return e
		},
		Decoder: func() wire.Decoder[T] { return &wire.GobDecoder[T]{} },
	}
}

// apart is c for types that run code of their own while they are encoded or decoded: that code may
// fail, panic or end its goroutine, which must cost its value and no other.
func (c Channel[T]) apart() Channel[T] {
	encoder, decoder := c.Encoder, c.Decoder
	c.Encoder = func() wire.Encoder[T] { return apartEncoder[T]{encoder()} }
	c.Decoder = func() wire.Decoder[T] { return apartDecoder[T]{decoder()} }
	c.Single = true
	return c
}

// refusal says why the default does not carry T, and what to do. WithCodec(Gob) is advice only
// where gob can do it.
func refusal[T any](s shape) error {
	if gobRefuses[T]() != nil {
		return fmt.Errorf("%w; %s", s.err, s.advice())
	}
	return fmt.Errorf("%w; %s, or accept gob's own rules with process.WithCodec(process.Gob), given where the stage is made",
		s.err, s.advice())
}

// advice is what to do about a type that does not travel.
func (s shape) advice() string {
	encode := "let a type of your own encode it, with the methods MarshalBinary and UnmarshalBinary"
	if s.cure == "" {
		return encode
	}
	return s.cure + ", or " + encode
}

// promotion says why gob would not carry all of a part of the type.
func promotion(s shape) error {
	return fmt.Errorf("%s would be encoded by the methods of a field that is embedded in it, without its other fields; give that "+
		"field a name", s.promoted)
}

// Strictly returns why T does not travel by default, for where no codec can be given.
func Strictly[T any]() error {
	s := shapeOf(reflect.TypeFor[T]())
	if s.err == nil {
		_, err := ChannelFor[T](nil)
		return err
	}
	return fmt.Errorf("%w; %s", s.err, s.advice())
}

// gobRefuses is why gob would fail for every T.
func gobRefuses[T any]() error {
	var stream bytes.Buffer
	if err := gob.NewEncoder(&stream).Encode([]T{}); err != nil {
		return err
	}
	var none []T
	return gob.NewDecoder(&stream).Decode(&none)
}

func rawChannel[T any]() (c Channel[T], ok bool) {
	var zero T
	switch any(zero).(type) {
	case []byte:
		ok = true
		c.Encoder = func() wire.Encoder[T] { return any(&wire.Raw[[]byte]{}).(wire.Encoder[T]) }
		c.Decoder = func() wire.Decoder[T] { return any(&wire.Raw[[]byte]{}).(wire.Decoder[T]) }
	case string:
		ok = true
		c.Encoder = func() wire.Encoder[T] { return any(&wire.Raw[string]{}).(wire.Encoder[T]) }
		c.Decoder = func() wire.Decoder[T] { return any(&wire.Raw[string]{}).(wire.Decoder[T]) }
	}
	c.Name = "raw"
	return c, ok
}

// lookingEncoder looks at each value first, where the type alone does not tell enough.
type lookingEncoder[T any] struct {
	wire.Encoder[T]
	walk walk
}

func (e lookingEncoder[T]) Append(buf []byte, batch []T) ([]byte, error) {
	if err := e.walk.at(reflect.ValueOf(batch)); err != nil {
		return buf, err
	}
	return e.Encoder.Append(buf, batch)
}

// ownCodec carries values by the user's codec.
type ownCodec[T any] struct{ c Codec }

func (o ownCodec[T]) Append(buf []byte, batch []T) (out []byte, err error) {
	start := len(buf)
	for _, v := range batch {
		at := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		next, err := o.c.Append(buf, v)
		if err != nil {
			return buf[:start:start], err
		}
		if len(next) < at+4 {
			return buf[:start:start], errors.New("the codec's Append returned less than it got")
		}
		buf = next
		binary.LittleEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	}
	return buf, nil
}

func (o ownCodec[T]) Decode(data []byte, n int) (batch []T, err error) {
	batch = make([]T, n)
	for i := range batch {
		if len(data) < 4 || uint64(len(data)-4) < uint64(binary.LittleEndian.Uint32(data)) {
			return nil, errCorrupt
		}
		size := binary.LittleEndian.Uint32(data)
		if err = o.c.Decode(data[4:4+size], &batch[i]); err != nil {
			return nil, err
		}
		data = data[4+size:]
	}
	return batch, nil
}
