package tree

import "github.com/septet-ml/septet/learn/shap"

// Explainer explains a model's margins by exact Shapley values (package shap).
// It is never changed, and safe for concurrent use.
type Explainer struct {
	model *Model
	trees *shap.Trees
	base  []float64
}

// Explainer lays the trees out for explanations, which takes some 40 bytes a
// node.
func (m *Model) Explainer() *Explainer {
	e := &Explainer{model: m, trees: shap.New(1), base: make([]float64, m.Width())}
	for t := range m.Trees {
		tree := &m.Trees[t]
		nodes, values := make([]shap.Node, len(tree.Nodes)), make([]float64, len(tree.Nodes))
		for i, n := range tree.Nodes {
			nodes[i].Cover, values[i] = float64(n.Cover), float64(n.Value)
			if n.Feature >= 0 {
				nodes[i].Left, nodes[i].Column = n.Left, int32(m.Features[n.Feature].Column)
			}
		}
		e.base[t%m.Width()] += e.trees.Add(nodes, values)[0]
	}
	for k := range e.base {
		e.base[k] = m.Base[k] + float64(m.Unit*e.base[k])
	}
	return e
}

// Base is, for each output, the margin of a row of which nothing is known
// (log-odds for classes, the value for regression): the mean over the rows of
// training.
func (e *Explainer) Base() []float64 { return e.base }

// Cost is the work of an explanation, in steps of a few nanoseconds.
func (e *Explainer) Cost() int { return e.trees.Cost() }

// Contributions explains one row: out gets, for each output, how much each
// column of the table moves the margin. With the base they add up to the row's
// margin. out has Width × Columns values.
func (e *Explainer) Contributions(x, out []float64) {
	m := e.model
	clear(out)
	codes := m.codes(make([]uint8, 0, m.width()), x)
	right := make([]bool, e.trees.Nodes())
	walk := e.trees.Walk()
	for t := range m.Trees {
		first, end := m.roots[t], m.roots[t+1]
		for i, s := range m.steps[first:end] {
			if s.down > 0 {
				right[i] = m.next(uint32(first)+uint32(i), codes) != uint32(first)+uint32(i)+uint32(s.down)
			}
		}
		k := t % m.Width()
		walk.Tree(t, right, out[k*m.Columns:(k+1)*m.Columns])
	}
	for i := range out {
		out[i] *= m.Unit
	}
}
