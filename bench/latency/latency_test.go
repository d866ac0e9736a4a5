package latency

import "testing"

func TestEveryPipelineDeliversThroughAllStages(t *testing.T) {
	for _, p := range pipelines {
		if late, err := p.delays(20); err != nil || len(late) != 20 {
			t.Errorf("%s: %d values, %v; want 20, nil", p.name, len(late), err)
		}
	}
}

func TestShortCutIsFoundOut(t *testing.T) {
	short := pipeline{"short", func(n int, arrive func(letter)) error {
		post(n, func(l letter) bool { arrive(l); return true })
		return nil
	}}
	if _, err := short.delays(1); err == nil {
		t.Error("a pipeline without stages was taken for one with them")
	}
}
