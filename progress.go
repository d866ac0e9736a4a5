package pl

import (
	"fmt"
	"time"
)

// Total says how many values a source will yield, so that an observer can tell how far a run is. It
// is an option of sources, given with [Stage.With]; From, FromSlice and Range know by themselves.
// It changes nothing else: a source may yield more or fewer.
func Total(n int) Option {
	return option(optTotal, fmt.Sprintf("Total(%d)", n), n >= 0, "must be at least 0",
		func(c *config) { c.total = &n })
}

// expected returns how many values the operator yields if it is a source, or lets pass if it is a
// Take; -1: not known.
func (b *base) expected() int {
	if b.cfg.total != nil {
		return *b.cfg.total
	}
	return b.most - 1
}

// progress computes how far a run is, from one look at its figures to the next. The lock of its
// RunInfo guards it.
type progress struct {
	expected []int // by stage: what expected returned
	fraction float64
	looks    []look // those of the last rateWindow, at least rateStep apart
}

func newProgress(roots []node) (p progress) {
	for _, n := range reachable(roots) {
		p.expected = append(p.expected, n.meta().expected())
	}
	return p
}

// look is the fraction at one moment.
type look struct {
	at       time.Duration
	fraction float64
}

const (
	rateWindow = 30 * time.Second
	rateStep   = time.Second
	youngRate  = 3 * time.Second // a younger run has no rate yet
)

// fill sets Total, Progress and Left in the figures of a run under way.
func (p *progress) fill(s *Stats) {
	s.Total = p.total(s)
	s.Progress = -1
	fraction, known := p.of(s)
	if !known {
		return
	}
	p.fraction = max(p.fraction, min(fraction, 1))
	s.Progress = p.fraction
	s.Left = p.left(s.Elapsed)
}

// total returns how many values the sources will yield, as far as the stages directly after them
// let these pass; 0 if that is not known of one of them.
func (p *progress) total(s *Stats) (sum int) {
	before, after := neighbours(s)
	for i := range s.Stages {
		if len(before[i]) > 0 {
			continue
		}
		n := p.expected[i]
		if len(after[i]) == 1 {
			if most := p.expected[after[i][0]]; most >= 0 && (n < 0 || most < n) {
				n = most
			}
		}
		if n < 0 {
			return 0
		}
		sum += n
	}
	return sum
}

// neighbours returns the indices of the stages directly before and after each.
func neighbours(s *Stats) (before, after [][]int) {
	before, after = make([][]int, len(s.Stages)), make([][]int, len(s.Stages))
	for _, e := range s.Edges {
		before[e.To] = append(before[e.To], e.From)
		after[e.From] = append(after[e.From], e.To)
	}
	return before, after
}

// of returns the fraction of their inputs that the last stages have finished. How many inputs a
// stage will have follows from the numbers of results that the stages before it have made so far. A
// stage that will have none, as one behind an Each, is as far as the stages before it.
func (p *progress) of(s *Stats) (fraction float64, known bool) {
	before, after := neighbours(s)
	inputs, outputs := make([]float64, len(s.Stages)), make([]float64, len(s.Stages)) // expected; negative: not known
	shares := make([]float64, len(s.Stages))
	last := 0.0
	fraction = 1
	for i, st := range s.Stages { // inputs come before their consumers
		most := float64(p.expected[i])
		done := float64(st.done())
		if len(before[i]) == 0 {
			done, inputs[i] = float64(st.Out), most
		}
		for _, in := range before[i] {
			if inputs[i] += outputs[in]; outputs[in] < 0 {
				inputs[i] = -1
				break
			}
		}
		if most >= 0 && (inputs[i] < 0 || most < inputs[i]) {
			inputs[i] = most
		}
		outputs[i] = inputs[i]
		if len(before[i]) > 0 && done > 0 && inputs[i] >= 0 {
			outputs[i] = inputs[i] * float64(st.Out) / done
		}
		shares[i] = share(done, inputs[i])
		if inputs[i] == 0 {
			for _, in := range before[i] {
				shares[i] = min(shares[i], shares[in])
			}
		}
		if len(after[i]) > 0 {
			continue
		}
		if inputs[i] < 0 {
			return 0, false
		}
		last += outputs[i]
		fraction = min(fraction, shares[i])
	}
	if c := s.Consumer; c.Name != "" {
		fraction = min(fraction, share(float64(c.In), last))
	}
	return fraction, true
}

// share returns done as a share of of.
func share(done, of float64) float64 {
	if of <= 0 {
		return 1
	}
	return done / of
}

// done returns how many values the stage has finished.
func (s *StageStats) done() uint64 { return s.In - min(s.In, uint64(s.underWay)) }

// left estimates the time that is left, from the rate of the last window.
func (p *progress) left(at time.Duration) time.Duration {
	if n := len(p.looks); n == 0 || at-p.looks[n-1].at >= rateStep {
		p.looks = append(p.looks, look{at, p.fraction})
	}
	for len(p.looks) > 1 && at-p.looks[1].at >= rateWindow {
		p.looks = p.looks[1:]
	}
	var since look
	if at-p.looks[0].at >= youngRate {
		since = p.looks[0]
	}
	gained := p.fraction - since.fraction
	if at < youngRate || gained <= 0 || p.fraction >= 1 {
		return 0
	}
	return time.Duration((1 - p.fraction) / gained * float64(at-since.at))
}
