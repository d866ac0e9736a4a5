package pl

// operator is what a Stage points to: one step of a pipeline, with what a run needs to build it. It
// is immutable once a Stage points to it.
type operator[T any] struct {
	base
	// compose makes the flow of an inline operator on site s. It is nil for an operator with
	// workers.
	compose func(b *builder, o *operator[T], s *Site) flow[T]
	// assemble makes the workers of an operator. It is nil for an inline operator.
	assemble func(b *builder, o *operator[T])
	// values are those of a static source; nil for others.
	values *staticValues[T]
}

// base is the part of an operator that does not depend on the type of its values. inline, driven
// and the fields like them say how a run must build it.
type base struct {
	verb     string // "Map"
	backend  string // "thread"; "pl" for an operator without one
	cfg      config
	known    optionKind
	knowsKey func(key any) bool
	// checkConfig returns what is wrong with options that fit together with the values' type; it
	// may be nil.
	checkConfig func(*config) error
	err         error
	inputs      []node
	branch      branch // which values of its input's operator it yields, if not the results
	// inline operators run in the goroutine of their consumer; the others have workers.
	inline bool
	merges bool // it yields the values of its inputs as they come
	// boundless operators accept MaxSize, but it has no effect.
	boundless bool
	// sharesGoroutine is set if several workers share a goroutine, so that none may block in a
	// channel.
	sharesGoroutine bool
	// driven workers take their values from a Port.
	driven bool
	// polls is set if workers wait in the system's poller for each value.
	polls bool
	// renumbers is set if the order of values begins anew here, as at a source.
	renumbers bool
	// restores is set for an Ordered, which restores the order from there.
	restores bool
	// calls is set for the source of a Func.
	calls bool
	// inTurn is set for an Append, whose inputs run one after the other.
	inTurn bool
	// static is set for a source that never waits for a value.
	static bool
	// most is the most values that can leave the operator, plus 1; 0: not known.
	most int
}

// node is an operator of any type.
type node interface {
	meta() *base
	// build makes the operator's part of a run. Its consumers must have been built.
	build(b *builder)
	// keep makes the operator run to its end even if it has no consumer.
	keep(b *builder)
	// discard makes a consumer that drops the operator's values.
	discard(b *builder) (consume func())
}

func (o *operator[T]) meta() *base { return &o.base }

// with returns a copy of o with these options too.
func (o *operator[T]) with(opts []Option) *operator[T] {
	changed := *o
	cfg, err := o.cfg.with(o.known, o.knowsKey, opts)
	changed.cfg = cfg
	if err == nil && o.checkConfig != nil {
		err = o.checkConfig(&cfg)
	}
	if changed.err == nil && err != nil {
		changed.err = &StageError{Stage: cfg.name, Worker: -1, Err: err}
	}
	return &changed
}

// broken returns a stage whose every run fails with err.
func broken[T any](name string, err error) Stage[T] {
	return Stage[T]{&operator[T]{base: base{
		verb: name, backend: "pl", cfg: config{name: name, workers: 1}, inline: true,
		err: &StageError{Stage: name, Worker: -1, Err: err},
	}}}
}

// step makes an operator without a backend, which transforms the values of s in its consumer's
// goroutine.
func step[A, B any](verb string, s Stage[A], transform func(b *builder, o *operator[B], at *Site, values flow[A]) flow[B]) Stage[B] {
	o := plain[B](verb, s.node())
	o.compose = func(b *builder, o *operator[B], at *Site) flow[B] {
		return transform(b, o, at, upstream[A](b, o, s.node(), at))
	}
	return Stage[B]{o}
}

// plain returns an inline operator without a backend, which accepts MaxSize and Name.
func plain[T any](verb string, inputs ...node) *operator[T] {
	return &operator[T]{base: base{
		verb: verb, backend: "pl", cfg: config{name: verb, workers: 1}, known: optMaxSize | optName,
		inputs: inputs, inline: true,
	}}
}

// fail marks the operator as broken by err, unless it is broken already.
func (b *base) fail(err error) {
	if b.err == nil {
		b.err = &StageError{Stage: b.cfg.name, Worker: -1, Err: err}
	}
}
