package forest

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
)

// cover is the weight of the rows of training below a node.
func (t *tree) cover(at int32) float64 {
	n := &t.nodes[at]
	if n.column < 0 {
		return float64(t.covers[n.right])
	}
	return t.cover(at+1) + t.cover(n.right)
}

// expectation is what a tree says for an output of a row of which only some
// columns are known (bits of known).
func (t *tree) expectation(at int32, codes []uint8, known uint, output, width int) float64 {
	n := &t.nodes[at]
	switch {
	case n.column < 0:
		return float64(t.values[int(n.right)*width+output])
	case known>>n.column&1 == 0:
		left, right := t.cover(at+1), t.cover(n.right)
		return (left*t.expectation(at+1, codes, known, output, width) + right*t.expectation(n.right, codes, known, output, width)) / (left + right)
	case n.left(codes):
		return t.expectation(at+1, codes, known, output, width)
	}
	return t.expectation(n.right, codes, known, output, width)
}

// Contributions are Shapley values from all subsets of the columns, and lead
// from the base to the prediction.
func TestContributions(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Multiclass, learn.Regression} {
		for _, l := range []Learner{{Trees: 3, Leaves: 6}, {Trees: 5, Leaves: 50, Extra: true}} {
			d := learntest.Table(task, 700, 3)
			fitted, err := l.Fit(t.Context(), d, nil, learn.Options{Seed: 3, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			m := fitted.(*Model)
			e := m.Explainer()
			width, columns := m.Width(), len(m.columns)
			x, got, predicted := make([]float64, columns), make([]float64, width*columns), make([]float64, width)
			codes := make([]uint8, columns)
			for row := range int32(6) {
				d.Table.Gather(x, []int32{row})
				e.Contributions(x, got)
				m.Predict(x, predicted)
				for j := range codes {
					codes[j] = m.columns[j].code(x[j])
				}
				for k := range width {
					worth := make([]float64, 1<<columns)
					for known := range worth {
						for i := range m.trees {
							worth[known] += m.trees[i].expectation(0, codes, uint(known), k, width) / float64(len(m.trees))
						}
						if m.task == learn.Regression {
							worth[known] *= m.scale
						}
					}
					sum := e.Base()[k]
					for j, want := range learntest.Shapley(worth) {
						// The values of leaves are rounded to 32 bits, so the
						// shares of classes are the values to 1e-6 only.
						if diff := math.Abs(got[k*columns+j] - want); diff > 1e-10*(1+math.Abs(want)) && (task != learn.Multiclass || diff > 1e-6) {
							t.Fatalf("%s, row %d, output %d: column %d moves by %v, by definition %v", task, row, k, j, got[k*columns+j], want)
						}
						sum += got[k*columns+j]
					}
					if math.Abs(sum-predicted[k]) > 1e-11*(1+math.Abs(sum)) {
						t.Errorf("%s, row %d: contributions lead to %v, the prediction is %v", task, row, sum, predicted[k])
					}
				}
			}
		}
	}
}

// Nodes that are no tree in pre-order are refused.
func TestDecodeWantsTrees(t *testing.T) {
	leaf := node{column: -1}
	deep := make([]node, 0, 1100)
	for i := range int32(550) { // each division's right side is a leaf behind all that is on its left
		deep = append(deep, node{column: 0, right: 1100 - i})
	}
	for range 551 {
		deep = append(deep, leaf)
	}
	tests := map[string]struct {
		nodes []node
		want  bool
	}{
		"leaf":          {[]node{leaf}, true},
		"division":      {[]node{{right: 2}, leaf, leaf}, true},
		"no column":     {[]node{{column: 1, right: 2}, leaf, leaf}, false},
		"two trees":     {[]node{{right: 2}, leaf, leaf, leaf}, false},
		"shared":        {[]node{{right: 4}, {right: 3}, leaf, {right: 5}, leaf, leaf}, false},
		"right is left": {[]node{{right: 1}, leaf, leaf}, false},
		"ends":          {[]node{{right: 2}, leaf, {right: 3}}, false},
		"too deep":      {deep, false},
	}
	for name, test := range tests {
		if got := (&tree{nodes: test.nodes}).inOrder(1); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
