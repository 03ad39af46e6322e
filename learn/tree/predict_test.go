package tree

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// onlySets is b without target statistics: those of rows learned from differ
// from the model's by design, so rows can be compared only without.
func onlySets(b Boost) Boost {
	b.Category.SetLevels = 255
	return b
}

// fitOf is Boost.Fit up to the fit's inner state.
func fitOf(t *testing.T, b Boost, train learn.Data, valid *learn.Data) *fit {
	t.Helper()
	b = b.filled()
	loss, err := b.lossFor(train.Task)
	if err != nil {
		t.Fatal(err)
	}
	d, err := view(train, valid)
	if err != nil {
		t.Fatal(err)
	}
	c := newCrew(2)
	t.Cleanup(c.close)
	f, err := newFit(d, b, loss, 3, c)
	if err != nil {
		t.Fatal(err)
	}
	for f.rounds < b.Rounds && !f.done {
		if err := f.round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// Training and prediction send every row to the same leaves: the margins are
// the same bits, for rows learned from and for rows that were not.
func TestPredictionAgreesWithTraining(t *testing.T) {
	for _, task := range tasksToLearn {
		d := taskData(5000, 3, task)
		for i := range d.Table.Columns[5].Code { // at most 255 levels
			d.Table.Columns[5].Code[i] %= 200
		}
		train, valid := halves(d)
		for _, levels := range []int{0, 5} {
			b := onlySets(Defaults())
			b.Rounds, b.RowFraction, b.Patience, b.Symmetric = 30, 0.7, 0, levels
			f := fitOf(t, b, train, &valid)
			f.report.Best = f.rounds
			m := f.finish()
			for i, r := range f.data.rows {
				x := make([]float64, len(d.Table.Columns))
				d.Table.Gather(x, []int32{r})
				got := make([]float64, m.Width())
				m.margins(x, got)
				for k := range got {
					want := m.Base[k] + float64(m.Unit*f.goal.score[k][i])
					if got[k] != want {
						t.Fatalf("%s: row %d output %d: margin %v, in training %v", task, r, k, got[k], want)
					}
				}
			}
		}
	}
}

// A row's prediction does not depend on the rows beside it.
func TestOneRowIsAsMany(t *testing.T) {
	for _, task := range tasksToLearn {
		d := taskData(1000, 4, task)
		b := Defaults()
		b.Rounds = 20
		m := fitted(t, b, d, nil, 1)
		all := predicted(t, m, d.Table, nil)
		var single []float64
		for i := range d.Table.Rows {
			single = append(single, predicted(t, m, d.Table, []int32{int32(i)})...)
		}
		if diff := cmp.Diff(all, single); diff != "" {
			t.Errorf("%s: %s", task, diff)
		}
	}
}

// Values at and around every cut fall on the same side in training and in
// prediction.
func TestValuesAtCuts(t *testing.T) {
	values := []float64{-math.MaxFloat64, -1, math.Copysign(0, -1), 0, 5e-324, 1, math.Nextafter(1, 2), 1e300, math.MaxFloat64}
	cuts := new(cutter).points(len(values), func(i int) float64 { return values[i] }, 255)
	ruler := newRuler(cuts)
	f := Feature{Cuts: cuts}
	distinct := map[uint8]bool{}
	for _, x := range values {
		distinct[ruler.bin(x)] = true
		if got, want := int(ruler.bin(x)), f.Bin(x); got != want {
			t.Errorf("%g: bin %d by ruler, %d by the plain loop", x, got, want)
		}
	}
	if got, want := len(distinct), len(values)-1; got != want { // -0 is 0
		t.Errorf("%d bins for %d distinct values", got, want)
	}
	for _, c := range cuts {
		for _, x := range []float64{c, math.Nextafter(c, math.Inf(1)), math.Nextafter(c, math.Inf(-1))} {
			if got, want := int(ruler.bin(x)), f.Bin(x); got != want {
				t.Errorf("near cut %g: bin %d by ruler, %d by the plain loop", c, got, want)
			}
		}
	}
}

// What is no level is as missing.
func TestCodesOutOfRange(t *testing.T) {
	for _, levels := range []int{255, -1} {
		d := taskData(3000, 5, learn.Binary)
		b := Defaults()
		b.Rounds, b.Category.SetLevels = 10, levels
		m := fitted(t, b, d, nil, 1)
		x := make([]float64, len(d.Table.Columns))
		d.Table.Gather(x, []int32{0})
		predict := func(code float64) float64 {
			x[4], x[5] = code, code
			out := []float64{0}
			m.Predict(x, out)
			return out[0]
		}
		want := predict(math.NaN())
		for _, code := range []float64{-1, 1e9, 300, -0.5, math.MaxFloat64} {
			if got := predict(code); got != want {
				t.Errorf("set levels %d: code %g gives %g, missing %g", levels, code, got, want)
			}
		}
	}
}

// Columns without values, or with one, are no reason to fail.
func TestConstantAndEmptyColumns(t *testing.T) {
	nan := math.NaN()
	tb := &table.Table{Rows: 4, Columns: []table.Column{
		{Name: "empty", Kind: table.Number, Number: []float64{nan, nan, nan, nan}},
		{Name: "one", Kind: table.Number, Number: []float64{1, 1, 1, 1}},
		{Name: "none", Kind: table.Text, Code: []int32{-1, -1, -1, -1}},
		{Name: "same", Kind: table.Text, Code: []int32{0, 0, 0, 0}, Levels: []string{"x"}},
	}}
	d := learn.Data{Task: learn.Binary, Classes: 2, Table: tb, Target: []float64{0, 1, 1, 1}}
	m := fitted(t, Boost{}, d, nil, 1)
	for _, p := range predicted(t, m, tb, nil) {
		if math.Abs(p-0.75) > 1e-6 {
			t.Errorf("prediction %g, want the share 0.75", p)
		}
	}
}
