package forest

import (
	"math"

	"github.com/septet-ml/septet/learn"
)

// Model is a fitted forest.
type Model struct {
	task          learn.Task
	classes       int // as learn.Data
	offset, scale float64
	columns       []column
	trees         []tree
}

// Name is "forest".
func (m *Model) Name() string { return Learner{}.Name() }

// Width is 1, or the number of classes of a multiclass model.
func (m *Model) Width() int {
	if m.task == learn.Multiclass {
		return m.classes
	}
	return 1
}

// Columns is the number of columns of the table.
func (m *Model) Columns() int { return len(m.columns) }

// Predict is learn.Model's: the mean over the trees of the leaf's value.
func (m *Model) Predict(x, out []float64) {
	width := m.Width()
	codes := make([]uint8, len(m.columns))
	for i := range len(out) / width {
		for j := range codes {
			codes[j] = m.columns[j].code(x[i*len(codes)+j])
		}
		m.row(codes, out[i*width:(i+1)*width])
	}
}

func (m *Model) row(codes []uint8, out []float64) {
	clear(out)
	for t := range m.trees {
		tree := &m.trees[t]
		leaf := tree.leaf(codes)
		for k, v := range tree.values[leaf*len(out) : (leaf+1)*len(out)] {
			out[k] += float64(v)
		}
	}
	m.finish(out)
}

// finish makes a prediction of the sums over the trees.
func (m *Model) finish(out []float64) {
	total := float64(len(m.trees))
	switch m.task {
	case learn.Regression:
		y := m.offset + float64(m.scale*(out[0]/total))
		out[0] = min(max(y, -math.MaxFloat64), math.MaxFloat64)
		return
	case learn.Multiclass:
		total = 0
		for _, v := range out {
			total += v
		}
	}
	for k := range out {
		out[k] = min(out[k]/total, 1)
	}
}

// leaf is the number of the leaf that a row falls in.
func (t *tree) leaf(codes []uint8) int {
	at := int32(0)
	for {
		n := &t.nodes[at]
		if n.column < 0 {
			return int(n.right)
		}
		if n.left(codes) {
			at++
		} else {
			at = n.right
		}
	}
}

// left tells whether a row goes left at a division.
func (n *node) left(codes []uint8) bool {
	c := codes[n.column]
	return c == absent && n.absentLeft || c != absent && c < n.cut
}

// Depth is the divisions on the way to the deepest leaf, summed over the trees.
func (m *Model) Depth() int {
	total := 0
	for _, t := range m.trees {
		depth, deepest := make([]int, len(t.nodes)), 0
		for i, n := range t.nodes {
			deepest = max(deepest, depth[i])
			if n.column >= 0 {
				depth[i+1], depth[n.right] = depth[i]+1, depth[i]+1
			}
		}
		total += deepest
	}
	return total
}
