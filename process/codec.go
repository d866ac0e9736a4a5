package process

import "github.com/gopeln/pl/internal/crossing"

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
	Gob Codec = crossing.Gob

	// Raw carries []byte and string as they are, nil apart from empty, and refuses other types. It
	// is their default.
	Raw Codec = crossing.Raw
)
