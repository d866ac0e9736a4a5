package measure

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func adder(name string, extra int) Contender {
	return Contender{Name: name, Run: func(n int) (int, error) { return n + extra, nil }}
}

func TestContenderThatDoesNotDoTheWorkIsFoundOut(t *testing.T) {
	_, err := Compare([]Contender{adder("honest", 0), adder("cheat", -1)}, Effort{Reps: 1}, 10, 10)
	if err == nil || !strings.Contains(err.Error(), "cheat") {
		t.Fatalf("got %v; want an error that names the cheat", err)
	}
}

func TestFailureOfAContenderIsReported(t *testing.T) {
	broken := errors.New("broken")
	_, err := Compare([]Contender{{Name: "bad", Run: func(int) (int, error) { return 0, broken }}}, Effort{Reps: 1}, 1, 1)
	if !errors.Is(err, broken) {
		t.Fatalf("got %v; want %v", err, broken)
	}
}

func TestContendersAreChosenByName(t *testing.T) {
	both := []Contender{adder("one", 0), adder("two", 0)}
	results, err := Compare(both, Effort{Reps: 3, Only: regexp.MustCompile("^t")}, 5, 5)
	if err != nil || len(results) != 1 || results[0].Name != "two" || len(results[0].Nanos) != 3 {
		t.Fatalf("got %+v, %v; want three repetitions of two", results, err)
	}
	if _, err := Compare(both, Effort{Reps: 1, Only: regexp.MustCompile("three")}, 5, 5); err == nil {
		t.Fatal("a pattern that chooses nobody was accepted")
	}
}

func TestRatioIsTakenWithinEachRepetition(t *testing.T) {
	// The machine was ten times slower in the second repetition: the ratio does not show it.
	base := Result{Nanos: []float64{10, 100, 10}}
	peer := Result{Nanos: []float64{20, 200, 30}}
	if got := Ratio(peer, base); got != 2 {
		t.Fatalf("Ratio = %v; want 2", got)
	}
}

func TestQuantile(t *testing.T) {
	figures := []float64{5, 1, 4, 2, 3}
	if m, top, none := Median(figures), Quantile(figures, 0.99), Median(nil); m != 3 || top != 5 || none != 0 {
		t.Fatalf("median %v, top %v, of none %v; want 3, 5, 0", m, top, none)
	}
}

func TestTableIsMarkdown(t *testing.T) {
	table := Table{Title: "Fruit", Head: []string{"", "n"}}
	table.Add("äpfel", "12")
	table.Add("kiwi")
	var out strings.Builder
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := "\nFruit\n\n|       |   n |\n| ----- | --: |\n| äpfel |  12 |\n| kiwi  |     |\n"
	if out.String() != want {
		t.Fatalf("got:%s\nwant:%s", &out, want)
	}
}
