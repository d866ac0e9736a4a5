package pl

// An operator may have several outlets: its own, for its results, and one for each of its branches.
// A branch is a node of its own, so that it is consumed as any stage is, but nothing of it runs:
// its operator fills its outlet. All outlets of an operator have one audience, so it goes on until
// none of them has a consumer.

// branch is what an operator sends to one of its outlets.
type branch uint8

const (
	trunk       branch = iota // its results; this is no branch
	deadLetters               // what it dropped after it had failed: Failures
	yesSide                   // Split
	noSide
)

// branchOff makes a branch of the operator of. It accepts MaxSize and Name.
func branchOff[T any](verb string, of node, b branch) *operator[T] {
	o := plain[T](verb, of)
	o.inline, o.branch = false, b
	return o
}

// buildBranch makes o known to the operator that it branches off, which is built later.
func (o *operator[T]) buildBranch(b *builder) {
	of := o.inputs[0]
	b.passTrackers(o, of)
	b.audienceOf(of).branched = true
	b.planned[of].branches = append(b.planned[of].branches, o)
	outletOf[T](b, o)
}

// branchesOf returns the branches of n that are consumed in the run, as far as they are of kind.
func branchesOf[T any](b *builder, n node, kind branch) (all []*operator[T]) {
	for _, br := range b.planned[n].branches {
		if br.meta().branch == kind {
			all = append(all, br.(*operator[T]))
		}
	}
	return all
}
