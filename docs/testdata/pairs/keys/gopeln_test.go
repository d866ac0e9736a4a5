package pair

import "testing"

func TestABurstHoldsUpNobodyElse(t *testing.T) {
	if wait := waitOfAnother(t); wait != 0 {
		t.Errorf("the other user waited %v; the document says that it does not", wait)
	}
}
