package task

import "context"

// IdentityOf tells tasks apart.
func IdentityOf(ctx context.Context) any { return current(ctx).task }
