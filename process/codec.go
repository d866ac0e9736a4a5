package process

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"

	"github.com/gopeln/pl/internal/wire"
)

// Codec turns values into bytes and back; see [WithCodec]. Both ends are the same program. A codec
// must be safe for concurrent use. Where it fails or panics, that value fails and no other.
type Codec interface {
	// Append appends the encoding of v to buf.
	Append(buf []byte, v any) ([]byte, error)
	// Decode decodes data into v, a pointer to a zero value. It must not keep data.
	Decode(data []byte, v any) error
}

var (
	// Gob is encoding/gob. The default is stricter than this is when it is named with [WithCodec];
	// see there. Inside a stage values share one stream per direction, in batches; its methods make
	// each value a stream of its own, for codecs that wrap it.
	Gob Codec = gobCodec{}

	// Raw carries []byte and string as they are, nil apart from empty, and refuses other types. It
	// is their default.
	Raw Codec = rawCodec{}
)

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

// channel is how values of type T go in one direction.
type channel[T any] struct {
	name    string
	encoder func() wire.Encoder[T]
	decoder func() wire.Decoder[T]
	// single: a value may fail to be decoded, so each is a batch of its own.
	single bool
}

// channelFor chooses how T goes with codec c; nil is the default. The error says why it cannot.
func channelFor[T any](c Codec) (channel[T], error) {
	t := reflect.TypeFor[T]()
	if raw, ok := rawChannel[T](); ok && (c == nil || c == Raw) {
		return raw, nil
	}
	switch {
	case c == Raw && t.Size() > 0:
		return channel[T]{}, notRaw(t)
	case c != nil && c != Gob && c != Raw:
		own := ownCodec[T]{c}
		return channel[T]{name: fmt.Sprintf("%T", c), encoder: func() wire.Encoder[T] { return own },
			decoder: func() wire.Decoder[T] { return own }}.apart(), nil
	case t.Size() == 0:
		return channel[T]{"empty", func() wire.Encoder[T] { return wire.Empty[T]{} },
			func() wire.Decoder[T] { return wire.Empty[T]{} }, false}, nil
	}
	s, lenient := shapeOf(t), c == Gob
	if s.err != nil && !lenient {
		return channel[T]{}, refusal[T](s)
	}
	way := byGob[T](s, lenient)
	if plan, ok := planned[T](s); ok && !lenient {
		way = plan
	} else if err := gobRefuses[T](); err != nil {
		return channel[T]{}, fmt.Errorf("gob cannot carry %s: %w; %s", t, err, s.advice())
	} else if s.promoted != "" && !lenient {
		return channel[T]{}, promotion(s)
	}
	if s.open || s.opaque {
		return way.apart(), nil
	}
	return way, nil
}

// planned is how values go by default if their type allows it: several times as fast as by gob.
func planned[T any](s shape) (c channel[T], ok bool) {
	plan, ok := wire.NewPlan[T]()
	fresh := func() *wire.Plan[T] {
		p := *plan
		return &p
	}
	return channel[T]{
		name: "plan",
		encoder: func() wire.Encoder[T] {
			if s.recursive {
				return lookingEncoder[T]{fresh(), walk{planned: true}}
			}
			return fresh()
		},
		decoder: func() wire.Decoder[T] { return fresh() },
	}, ok
}

// byGob is how values go if there is an interface inside, and where Gob was named.
func byGob[T any](s shape, lenient bool) channel[T] {
	return channel[T]{
		name: "gob",
		encoder: func() wire.Encoder[T] {
			e := &wire.GobEncoder[T]{EachNew: s.open}
			if s.open || s.recursive {
				return lookingEncoder[T]{e, walk{lenient: lenient}}
			}
			return e
		},
		decoder: func() wire.Decoder[T] { return &wire.GobDecoder[T]{} },
	}
}

// apart is c for types that run code of their own while they are encoded or decoded: that code may
// fail, panic or end its goroutine, which must cost its value and no other.
func (c channel[T]) apart() channel[T] {
	encoder, decoder := c.encoder, c.decoder
	c.encoder = func() wire.Encoder[T] { return apartEncoder[T]{encoder()} }
	c.decoder = func() wire.Decoder[T] { return apartDecoder[T]{decoder()} }
	c.single = true
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

// gobRefuses is why gob would fail for every T.
func gobRefuses[T any]() error {
	var stream bytes.Buffer
	if err := gob.NewEncoder(&stream).Encode([]T{}); err != nil {
		return err
	}
	var none []T
	return gob.NewDecoder(&stream).Decode(&none)
}

func rawChannel[T any]() (c channel[T], ok bool) {
	var zero T
	switch any(zero).(type) {
	case []byte:
		ok = true
		c.encoder = func() wire.Encoder[T] { return any(&wire.Raw[[]byte]{}).(wire.Encoder[T]) }
		c.decoder = func() wire.Decoder[T] { return any(&wire.Raw[[]byte]{}).(wire.Decoder[T]) }
	case string:
		ok = true
		c.encoder = func() wire.Encoder[T] { return any(&wire.Raw[string]{}).(wire.Encoder[T]) }
		c.decoder = func() wire.Decoder[T] { return any(&wire.Raw[string]{}).(wire.Decoder[T]) }
	}
	c.name = "raw"
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
			return nil, errProtocol
		}
		size := binary.LittleEndian.Uint32(data)
		if err = o.c.Decode(data[4:4+size], &batch[i]); err != nil {
			return nil, err
		}
		data = data[4+size:]
	}
	return batch, nil
}
