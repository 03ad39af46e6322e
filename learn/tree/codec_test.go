package tree

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn"
)

// A decoded model predicts the same bits and encodes to the same bytes.
func TestCodec(t *testing.T) {
	for _, task := range tasksToLearn {
		d := taskData(2000, 6, task)
		b := Defaults()
		b.Rounds = 15
		m := fitted(t, b, d, nil, 1)
		data, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(predicted(t, m, d.Table, nil), predicted(t, again, d.Table, nil)); diff != "" {
			t.Errorf("%s: predictions: %s", task, diff)
		}
		if second, err := again.MarshalBinary(); err != nil || !bytes.Equal(data, second) {
			t.Errorf("%s: bytes differ after decoding, error %v", task, err)
		}
		for n := 0; n < len(data); n += 1 + len(data)/500 {
			if _, err := Decode(data[:n]); err == nil {
				t.Fatalf("%s: %d of %d bytes were taken for a model", task, n, len(data))
			}
		}
	}
}

// Trees lie in memory that is taken for many at a time: each has its own nodes
// and sets, however many there are.
func TestDecodeOfManyTrees(t *testing.T) {
	few := fitted(t, Boost{Rounds: 20, Leaves: 31, Category: Category{SetRows: 1, SetSmooth: 1, SetChance: 1}}, taskData(2000, 6, learn.Binary), nil, 1)
	many := *few
	many.Trees = slices.Repeat(few.Trees, 3*ahead/(20*61)+1)
	want, got := written(t, few).Trees, written(t, &many).Trees
	sets := 0
	for i, tree := range got {
		if alone := want[i%len(want)]; !slices.Equal(tree.Nodes, alone.Nodes) || !slices.Equal(tree.Sets, alone.Sets) {
			t.Fatalf("tree %d of %d differs", i, len(got))
		}
		sets += len(tree.Sets)
	}
	if len(got) != len(many.Trees) || sets == 0 {
		t.Errorf("%d trees of %d, %d sets", len(got), len(many.Trees), sets)
	}
}

// written is a model after it was written and read.
func written(t *testing.T, m *Model) *Model {
	t.Helper()
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return again.(*Model)
}

// FuzzDecode checks that any bytes give an error or a model that works.
func FuzzDecode(f *testing.F) {
	for _, task := range tasksToLearn {
		d := taskData(300, 7, task)
		for _, b := range []Boost{{Rounds: 2, Leaves: 6}, {Rounds: 2, Symmetric: 3}} {
			m, err := b.Fit(f.Context(), d, nil, learn.Options{Threads: 1})
			if err != nil {
				f.Fatal(err)
			}
			data, err := m.MarshalBinary()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		boosted := m.(*Model)
		if boosted.Columns > 1000 {
			return
		}
		for _, v := range []float64{0, 1, -1e300} {
			x := make([]float64, boosted.Columns)
			for i := range x {
				x[i] = v
			}
			out := make([]float64, m.Width())
			m.Predict(x, out)
			for _, p := range out {
				if p != p {
					t.Fatal("prediction is NaN")
				}
			}
		}
		if again, err := m.MarshalBinary(); err != nil || len(again) > 2*len(data)+16 {
			t.Fatalf("%d bytes became %d, error %v", len(data), len(again), err)
		}
	})
}
