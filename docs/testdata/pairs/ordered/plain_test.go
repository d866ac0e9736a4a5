package pair

import "testing"

func TestASlowPageIdlesEverybody(t *testing.T) {
	if begun := begunBeforeTheFirst(t); begun > 9 {
		t.Errorf("%d pages were begun; the document says eight", begun)
	}
}
