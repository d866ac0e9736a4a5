package pair

import (
	"testing"
	"time"
)

func TestABurstHoldsUpEverybody(t *testing.T) {
	if wait := waitOfAnother(t); wait < 80*time.Second {
		t.Errorf("the other user waited %v; the document says that nobody's events are handled", wait)
	}
}
