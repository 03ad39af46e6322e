package forest

import (
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/shap"
)

// Explainer explains a forest's predictions by exact Shapley values (package
// shap). It is never changed, and safe for concurrent use.
type Explainer struct {
	model *Model
	trees *shap.Trees
	order [][]int32 // by tree: the node that each node of trees is
	sum   []float64 // by output: the trees' values for a row of which nothing is known
	base  []float64
}

// Explainer lays the trees out for explanations, which takes some 50 bytes a
// node.
func (m *Model) Explainer() *Explainer {
	width := m.Width()
	e := &Explainer{model: m, trees: shap.New(width), sum: make([]float64, width), base: make([]float64, width)}
	for t := range m.trees {
		order, nodes, values := m.trees[t].levels(width)
		e.order = append(e.order, order)
		for k, v := range e.trees.Add(nodes, values) {
			e.sum[k] += v
		}
	}
	copy(e.base, e.sum)
	m.finish(e.base)
	return e
}

// levels is the tree level by level, so that children lie together.
func (t *tree) levels(width int) (order []int32, nodes []shap.Node, values []float64) {
	cover := make([]float64, len(t.nodes))
	for i := len(t.nodes) - 1; i >= 0; i-- { // children come behind their parent
		if n := &t.nodes[i]; n.column < 0 {
			cover[i] = float64(t.covers[n.right])
		} else {
			cover[i] = cover[i+1] + cover[n.right]
		}
	}
	order = append(make([]int32, 0, len(t.nodes)), 0)
	nodes = make([]shap.Node, len(t.nodes))
	values = make([]float64, width*len(t.nodes))
	for i := 0; i < len(order); i++ {
		n := &t.nodes[order[i]]
		nodes[i].Cover = cover[order[i]]
		if n.column >= 0 {
			nodes[i].Left, nodes[i].Column = int32(len(order)), n.column
			order = append(order, order[i]+1, n.right)
			continue
		}
		for k := range width {
			values[k*len(nodes)+i] = float64(t.values[int(n.right)*width+k])
		}
	}
	return order, nodes, values
}

// Base is, for each output, the prediction for a row of which nothing is
// known: the mean over the rows of training.
func (e *Explainer) Base() []float64 { return e.base }

// Cost is the work of an explanation, in steps of a few nanoseconds.
func (e *Explainer) Cost() int { return e.trees.Cost() }

// Contributions explains one row: out gets, for each output, how much each
// column of the table moves the prediction, a probability or the value. With
// the base they add up to the row's prediction. out has Width × Columns
// values.
//
// A forest's prediction of a class is the trees' sum for it over the sum T of
// all classes', which is the number of trees but for rounding. With b the
// base, the one moves from b to the other by (Δsum - b × ΔT) / T, which leaves
// no rest.
func (e *Explainer) Contributions(x, out []float64) {
	m := e.model
	clear(out)
	columns := len(m.columns)
	codes := make([]uint8, columns)
	for j := range codes {
		codes[j] = m.columns[j].code(x[j])
	}
	right, walk := make([]bool, e.trees.Nodes()), e.trees.Walk()
	for t := range m.trees {
		nodes := m.trees[t].nodes
		for i, at := range e.order[t] {
			if n := &nodes[at]; n.column >= 0 {
				right[i] = !n.left(codes)
			}
		}
		walk.Tree(t, right, out)
	}
	switch m.task {
	case learn.Multiclass:
		e.shares(out)
	case learn.Regression:
		for j := range out {
			out[j] *= m.scale / float64(len(m.trees))
		}
	default:
		for j := range out {
			out[j] /= float64(len(m.trees))
		}
	}
}

// shares turns contributions to the trees' sums into contributions to their
// shares of the total.
func (e *Explainer) shares(out []float64) {
	columns := len(e.model.columns)
	moved := make([]float64, columns) // by column: of the total
	total := 0.0
	for k, s := range e.sum {
		total += s
		for j, v := range out[k*columns : (k+1)*columns] {
			moved[j] += v
			total += v
		}
	}
	for k := range e.sum {
		for j := range columns {
			v := &out[k*columns+j]
			*v = (*v - float64(e.base[k]*moved[j])) / total
		}
	}
}
