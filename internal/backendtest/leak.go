package backendtest

import "github.com/gopeln/pl/internal/leak"

// Hold takes stock of what there is before a run, for Check after it.
func Hold() leak.Holdings { return leak.Hold() }
