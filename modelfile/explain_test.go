package modelfile_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/modelfile"
)

// Base, reasons and rest are the score, for a table on any number of threads
// as for a row alone, and from the file as from the model that was written.
func TestExplanationsAddUp(t *testing.T) {
	m, raw := build(t)
	read, err := modelfile.Decode(encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.ScoreTable(t.Context(), raw, 2)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]modelfile.Explanation
	for _, from := range []*modelfile.Model{m, read} {
		e, err := modelfile.NewExplainer(from)
		if err != nil {
			t.Fatal(err)
		}
		if !e.Exact() || e.Cost() == 0 {
			t.Errorf("exact %v, cost %d", e.Exact(), e.Cost())
		}
		for _, threads := range []int{1, 3} {
			got, err := e.ExplainTable(t.Context(), raw, scores, 2, threads)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, got)
		}
		features, err := from.Transform.Apply(raw)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float64, len(features.Columns))
		features.Gather(x, []int32{5})
		alone, err := e.Explain(x, scores[5:6], 2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all[0][5], alone); diff != "" {
			t.Errorf("a row alone and in a table (-table +alone):\n%s", diff)
		}
	}
	for _, other := range all[1:] {
		if diff := cmp.Diff(all[0], other); diff != "" {
			t.Errorf("threads or the file change reasons:\n%s", diff)
		}
	}
	for i, e := range all[0] {
		sum := e.Base + e.Rest
		for k, r := range e.Reasons {
			sum += r.Effect
			if k > 0 && math.Abs(r.Effect) > math.Abs(e.Reasons[k-1].Effect) {
				t.Errorf("row %d: reason %d is stronger than the one before", i, k+1)
			}
		}
		if want := calibrate.LogOdds(scores[i]); math.Abs(sum-want) > 1e-9 {
			t.Errorf("row %d: base, reasons and rest are %v, the score is %v", i, sum, want)
		}
		if e.Class != 1 || len(e.Reasons) != 2 {
			t.Errorf("row %d: %d reasons for class %d", i, len(e.Reasons), e.Class)
		}
	}
}

// What matters is a reason, and in the direction in which it matters; what a
// feature is, is said in words, also where events are behind it.
func TestReasons(t *testing.T) {
	m, raw := build(t)
	for i := range raw.Rows {
		raw.Columns[0].Number[i] = 50
	}
	raw.Columns[0].Number[0], raw.Columns[0].Number[1] = 90, 10
	scores, err := m.ScoreTable(t.Context(), raw, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Recipe = []byte(`{"features":[{"name":"spend","formula":"what was spent in the 90 days before the snapshot"}]}`)
	e, err := modelfile.NewExplainer(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.ExplainTable(t.Context(), raw, scores, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for row, up := range []bool{true, false} {
		r := got[row].Reasons[0]
		if name := m.Transform.Features[r.Feature].Name; name != "spend" || (r.Effect > 0) != up {
			t.Errorf("row %d: %s moves the score by %v", row, name, r.Effect)
		}
		if words := e.Words(r.Feature); words != "what was spent in the 90 days before the snapshot" {
			t.Errorf("spend is %q", words)
		}
	}
}

// Who asks for more reasons than there are features gets what there is, and
// nothing is left.
func TestAllReasons(t *testing.T) {
	m, raw := build(t)
	e, err := modelfile.NewExplainer(m)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.ScoreTable(t.Context(), raw, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.ExplainTable(t.Context(), raw, scores, 1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range got {
		if len(e.Reasons) > len(m.Transform.Features) || e.Rest != 0 {
			t.Errorf("row %d: %d reasons, rest %v", i, len(e.Reasons), e.Rest)
		}
	}
}
