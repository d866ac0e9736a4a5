package cluster

import (
	"context"
	"strconv"
)

// ItemID returns the identity of the value that a function of this package was called with: the same
// on every attempt, and no other value's. It is a key for what must happen once although the
// function may run more than once. It is empty where ctx is not such a function's.
func ItemID(ctx context.Context) string {
	v, ok := ctx.Value(itemKey{}).(*itemContext)
	if !ok {
		return ""
	}
	return v.job + "." + strconv.FormatUint(v.id, 10)
}

type itemKey struct{}

// itemContext is the context of one value.
type itemContext struct {
	*jobContext
	id uint64
}

// jobContext is what the contexts of a job's values share.
type jobContext struct {
	context.Context
	job string
}

func (c *itemContext) Value(key any) any {
	if _, ok := key.(itemKey); ok {
		return c
	}
	return c.Context.Value(key)
}
