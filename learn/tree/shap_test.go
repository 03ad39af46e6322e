package tree

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
)

// expectation is what the tree says of a row of which only some columns are
// known (bits of known).
func expectation(m *Model, t *Tree, number int32, x []float64, known uint) float64 {
	n := &t.Nodes[number]
	if n.Feature < 0 {
		return float64(n.Value)
	}
	f := &m.Features[n.Feature]
	if known>>f.Column&1 == 1 {
		return expectation(m, t, t.Next(n, f, f.Bin(x[f.Column])), x, known)
	}
	sum := 0.0
	for c := n.Left; c <= n.Left+1; c++ {
		sum += float64(t.Nodes[c].Cover) / float64(n.Cover) * expectation(m, t, c, x, known)
	}
	return sum
}

// plainContributions are Shapley values from all subsets of columns.
func plainContributions(m *Model, x, out, base []float64) {
	columns := m.Columns
	for k := range m.Width() {
		worth := make([]float64, 1<<columns)
		for known := range worth {
			for t := k; t < len(m.Trees); t += m.Width() {
				worth[known] += m.Unit * expectation(m, &m.Trees[t], 0, x, uint(known))
			}
		}
		copy(out[k*columns:], learntest.Shapley(worth))
		base[k] = m.Base[k] + worth[0]
	}
}

// Contributions are Shapley values by their definition, and sum to the margin.
func TestContributions(t *testing.T) {
	for _, task := range tasksToLearn {
		for _, b := range []Boost{{Rounds: 4, Leaves: 4}, {Rounds: 6, Leaves: 40}, {Rounds: 3, Leaves: 60, RowFraction: 0.5}, {Rounds: 4, Symmetric: 5}} {
			d := taskData(1500, 20, task)
			m := fitted(t, b, d, nil, 1)
			e := m.Explainer()
			x := make([]float64, len(d.Table.Columns))
			for row := range int32(30) {
				d.Table.Gather(x, []int32{row})
				got, want := make([]float64, m.Width()*m.Columns), make([]float64, m.Width()*m.Columns)
				base := make([]float64, m.Width())
				e.Contributions(x, got)
				plainContributions(m, x, want, base)
				margin := make([]float64, m.Width())
				m.margins(x, margin)
				for i := range got {
					if math.Abs(got[i]-want[i]) > 1e-10*(1+math.Abs(want[i])) {
						t.Fatalf("%s, %d leaves, row %d: contribution %d is %g, by definition %g", task, b.Leaves, row, i, got[i], want[i])
					}
				}
				for k := range margin {
					if math.Abs(e.Base()[k]-base[k]) > 1e-10*(1+math.Abs(base[k])) {
						t.Errorf("%s: base %g, by definition %g", task, e.Base()[k], base[k])
					}
					sum := e.Base()[k]
					for _, v := range got[k*m.Columns : (k+1)*m.Columns] {
						sum += v
					}
					if math.Abs(sum-margin[k]) > 1e-10*(1+math.Abs(sum)) {
						t.Errorf("%s: contributions sum to %g, the margin is %g", task, sum, margin[k])
					}
				}
			}
		}
	}
}

// The exported view of the trees is the model: walking it gives the margin.
func TestTreesAreTheModel(t *testing.T) {
	d := taskData(1000, 21, learn.Binary)
	m := fitted(t, Boost{Rounds: 20}, d, nil, 1)
	for row := range int32(1000) {
		x := make([]float64, len(d.Table.Columns))
		d.Table.Gather(x, []int32{row})
		score := 0.0
		for i := range m.Trees {
			tr, n := &m.Trees[i], &m.Trees[i].Nodes[0]
			for n.Feature >= 0 {
				f := &m.Features[n.Feature]
				n = &tr.Nodes[tr.Next(n, f, f.Bin(x[f.Column]))]
			}
			score += float64(n.Value)
		}
		margin := []float64{0}
		m.margins(x, margin)
		if want := m.Base[0] + m.Unit*score; margin[0] != want {
			t.Fatalf("row %d: margin %g, by walking the trees %g", row, margin[0], want)
		}
	}
}

func BenchmarkContributions(b *testing.B) {
	d := taskData(20000, 22, learn.Binary)
	m, err := Boost{Rounds: 500, LearningRate: 0.02}.Fit(b.Context(), d, nil, learn.Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	x, out := make([]float64, 6), make([]float64, 6)
	d.Table.Gather(x, []int32{0})
	e := m.(*Model).Explainer()
	for b.Loop() {
		e.Contributions(x, out)
	}
}

func BenchmarkPredictOneRow(b *testing.B) {
	d := taskData(20000, 22, learn.Binary)
	m, err := Boost{Rounds: 500, LearningRate: 0.02}.Fit(b.Context(), d, nil, learn.Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	x, out := make([]float64, 6), make([]float64, 1)
	row := int32(0)
	for b.Loop() {
		d.Table.Gather(x, []int32{row})
		row = (row + 7919) % 20000
		m.Predict(x, out)
	}
}
