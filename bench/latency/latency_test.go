package latency

import "testing"

// TestEveryValueArrives checks that both pipelines deliver all they are given.
func TestEveryValueArrives(t *testing.T) {
	for _, p := range []pipeline{{"ours", ours}, {"bare channels", bareChannels}} {
		late, err := p.run(20)
		if err != nil || len(late) != 20 {
			t.Errorf("%s: %d values, %v; want 20, nil", p.name, len(late), err)
		}
	}
}
