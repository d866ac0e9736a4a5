package startup

import "testing"

func TestWorkersStartAndAreReplaced(t *testing.T) {
	small, size, err := measureSmall(2)
	if err != nil {
		t.Fatal(err)
	}
	if size == 0 {
		t.Error("the small program has no size")
	}
	own, err := Measure(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, times := range []Times{small, own} {
		for _, figures := range [][]float64{times.Bare, times.Ready, times.Replaced, times.Whole} {
			if len(figures) != 2 || figures[0] <= 0 {
				t.Errorf("got %v; want two times", figures)
			}
		}
	}
}
