package cluster

import (
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/gopeln/pl/internal/crossing"
)

func TestIDsTravelAsRuns(t *testing.T) {
	for _, ids := range [][]uint64{{7}, {1, 2, 3}, {5, 6, 9, 10, 11, 4}, {1 << 63, 1<<63 + 1, 0}} {
		values := len(ids)
		data := (&work{parcel: 3, begun: 2, data: append(appendIDs(nil, ids), "values"...)}).append(nil)
		var w work
		if err := w.parse(data); err != nil {
			t.Fatalf("%v: %v", ids, err)
		}
		var got []uint64
		for _, s := range w.ids {
			for i := range s.n {
				got = append(got, s.first+uint64(i))
			}
		}
		if !reflect.DeepEqual(got, ids) || w.values != values || string(w.data) != "values" || w.parcel != 3 || w.begun != 2 {
			t.Errorf("%v has become %+v", ids, w)
		}
	}
}

// someMarks are of seven values.
func someMarks() (marks []mark) {
	failed := &failure{Failure: crossing.NewFailure(errors.New("no")), Where: "here"}
	for _, m := range []mark{
		{fate: fateDone, results: 1, n: 1}, {fate: fateDone, results: 1, n: 1}, {fate: fateDone, results: 1, n: 1}, {fate: fateDone, n: 1},
		{fate: fateFailed, n: 1, failure: failed}, {fate: fateDone, results: 1, n: 1}, {fate: fateOpen, results: 4, n: 1},
	} {
		marks = addMark(marks, m)
	}
	return marks
}

func TestMarksTravelAsRuns(t *testing.T) {
	marks := someMarks()
	if len(marks) != 5 || count(marks) != 7 || ended(marks) != 6 {
		t.Fatalf("%d marks of %d values, of which %d have ended; want 5, 7, 6", len(marks), count(marks), ended(marks))
	}
	if each := apart(marks); len(each) != 7 || count(each) != 7 {
		t.Errorf("apart they are %d, of %d values; want 7 of 7", len(each), count(each))
	}
	sent := frame{flags: flagLast, parcel: 9, worker: []byte("w"), attempt: 8, part: 7, first: 6, begun: 5, ack: "a", marks: marks, data: []byte("results")}
	var got frame
	if err := errors.Join(got.parse(append(sent.append(nil), sent.appendBody(nil)...)), got.parseBody(got.data)); err != nil {
		t.Fatal(err)
	}
	sent.ended = 6
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("got %+v; want %+v", got, sent)
	}
}

// What a message says of itself must not cost more memory than the message has, nor more values than a message can have.
func TestMessagesThatClaimTooMuch(t *testing.T) {
	header := (&work{}).append(nil)
	many := binary.AppendUvarint(nil, mostBatch+1)
	for name, body := range map[string][]byte{
		"values": many, "values of a run": append([]byte{2, 0}, many...), "an empty run": {2, 0, 0}, "a run over the end": {2, 0, 3}, "nothing": {},
	} {
		if err := new(work).parse(slices.Concat(header, body)); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	done := []byte{1, byte(fateDone)}
	for name, body := range map[string][]byte{"a mark": append(done, many...), "a mark of nothing": append(done, 0), "marks": {255, 255, 255, 15}} {
		if err := new(frame).parseBody(body); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestBrokenMessages(t *testing.T) {
	sent := frame{flags: flagLast, parcel: 9, worker: []byte("w"), attempt: 8, part: 7, first: 6, ack: "a", marks: someMarks()}
	for _, whole := range [][]byte{
		append(sent.append(nil), sent.appendBody(nil)...), (&work{data: appendIDs(nil, []uint64{5, 6, 9})}).append(nil),
	} {
		try := func(data []byte) {
			var f frame
			if f.parse(data) == nil && f.parseBody(f.data) == nil && len(f.marks) > len(data) {
				t.Errorf("%d marks of %d bytes", len(f.marks), len(data))
			}
			var w work
			if w.parse(data) == nil && w.values > mostBatch {
				t.Errorf("%d values", w.values)
			}
		}
		for i := range whole {
			try(whole[:i:i])
			for _, b := range []byte{0, 1, 127, 128, 255} {
				data := append([]byte(nil), whole...)
				data[i] = b
				try(data)
			}
		}
	}
}

func TestResultsThatAreNotThere(t *testing.T) {
	channel, err := crossing.ChannelFor[int](nil)
	if err != nil {
		t.Fatal(err)
	}
	const many = 1 << 60
	r := unpacker[int]{dec: channel.Decoder()}
	if results, n, err := r.next(many); len(results) != 0 || n != many || err == nil {
		t.Errorf("%d results of %d, %v; want all to be lost", len(results), n, err)
	}
}
