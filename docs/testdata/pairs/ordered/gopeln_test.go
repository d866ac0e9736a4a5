package pair

import "testing"

func TestASlowPageHoldsUpTheWindowOnly(t *testing.T) {
	if begun := begunBeforeTheFirst(t); begun < 64 || begun > 66 {
		t.Errorf("%d pages were begun; the document says 64", begun)
	}
}
