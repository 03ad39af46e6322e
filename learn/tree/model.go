package tree

import (
	"math"

	"github.com/septet-ml/septet/learn"
)

const (
	maxLeaves = 1 << 15 // leaves of a tree: its nodes are numbered in 16 bits
	maxDepth  = 500     // splits from root to leaf, so that hostile models cannot make explanations slow
)

// Model is boosted trees: what was learned, nothing else. It is made by
// Boost.Fit or Decode and never changes.
type Model struct {
	Task     learn.Task
	Loss     Loss
	Columns  int       // of the table
	Base     []float64 // one per output: margin of a row before the first tree
	Unit     float64   // a row's margin is base + Unit × sum of its leaves' values
	Features []Feature
	Trees    []Tree // round after round; in a round one per output

	// Report is how the fit went; a decoded model has none.
	Report Report

	walker
}

// Feature is what nodes compare: a column of the table, as bins. The bin of a
// number is how many Cuts are below it.
type Feature struct {
	Column int
	Set    bool      // nodes hold sets of bins; otherwise a cut
	Cuts   []float64 // ascending, at most 254
	Levels []float64 // Text columns split at cuts: the number that stands for each level; NaN: as missing
	Bins   []int16   // Text columns split by sets: the bin of each level; -1: as missing

	missing int // Set: the bin of missing
}

// Tree is nodes, level by level; the first is the root.
type Tree struct {
	Nodes []Node
	Sets  []Set // of the nodes whose feature is a set
}

// Set is the bins that go left, one bit each.
type Set [4]uint64

func (s *Set) has(bin int) bool { return s[bin>>6]>>(bin&63)&1 == 1 }
func (s *Set) add(bin int)      { s[bin>>6] |= 1 << (bin & 63) }

// Node is a leaf or a split.
type Node struct {
	Feature     int32   // index in Model.Features; -1 for a leaf
	Left        int32   // number of the left child; the right child follows it
	Set         int32   // index in Tree.Sets, where the feature is a set
	Cut         uint8   // otherwise: bins 0..Cut go left
	MissingLeft bool    // missing values go left
	Value       float32 // of a leaf, in units
	Cover       uint32  // rows of training that came here
	Gain        float32 // fall in twice the loss by the split, in squared units
}

// Next is the number of the node that a row goes to from split n, given the
// bin of n's feature; -1 is missing.
func (t *Tree) Next(n *Node, f *Feature, bin int) int32 {
	left := bin <= int(n.Cut)
	switch {
	case bin < 0:
		left = n.MissingLeft
	case f.Set:
		left = t.Sets[n.Set].has(bin)
	}
	if left {
		return n.Left
	}
	return n.Left + 1
}

// Depth is the number of splits on the way to the deepest leaf.
func (t *Tree) Depth() int {
	depth, deepest := make([]int, len(t.Nodes)), 0
	for i := range t.Nodes {
		deepest = max(deepest, depth[i])
		if n := &t.Nodes[i]; n.Feature >= 0 {
			depth[n.Left], depth[n.Left+1] = depth[i]+1, depth[i]+1
		}
	}
	return deepest
}

// Bin is the bin of a value as it comes from the table; -1 is missing. A code
// that is no level is missing, too.
func (f *Feature) Bin(x float64) int {
	if x != x {
		return -1
	}
	if f.Set {
		if !(x >= 0 && x < float64(len(f.Bins))) {
			return -1
		}
		return int(f.Bins[int(x)])
	}
	if f.Levels != nil {
		if !(x >= 0 && x < float64(len(f.Levels))) {
			return -1
		}
		if x = f.Levels[int(x)]; x != x {
			return -1
		}
	}
	bin := 0
	for bin < len(f.Cuts) && f.Cuts[bin] < x {
		bin++
	}
	return bin
}

// Report is how a fit went.
type Report struct {
	Best  int       // rounds that the model has
	Train []float64 // mean loss on train after each round; only where there was a valid part
	Valid []float64 // mean loss on valid after each round
}

// Name is "boosted_trees".
func (m *Model) Name() string { return Name }

// Width is the number of classes for multiclass, otherwise 1.
func (m *Model) Width() int { return len(m.Base) }

// Rounds is the number of boosting rounds in the model.
func (m *Model) Rounds() int { return len(m.Trees) / len(m.Base) }

// Importance is, for each column of the table, the sum of the gains of all
// splits that use it.
func (m *Model) Importance() []float64 {
	out := make([]float64, m.Columns)
	for _, t := range m.Trees {
		for _, n := range t.Nodes {
			if n.Feature >= 0 {
				out[m.Features[n.Feature].Column] += float64(n.Gain)
			}
		}
	}
	return out
}

// breadthFirst renumbers nodes level by level, so that the k-th split has
// the children 2k+1 and 2k+2.
func breadthFirst(nodes []Node) []Node {
	out := make([]Node, 0, len(nodes))
	out = append(out, nodes[0])
	for i := 0; i < len(out); i++ {
		if n := &out[i]; n.Feature >= 0 {
			left := n.Left
			n.Left = int32(len(out))
			out = append(out, nodes[left], nodes[left+1])
		}
	}
	return out
}

// prune leaves out features and cuts that no node uses.
func (m *Model) prune() {
	used := make([][]bool, len(m.Features))
	for _, t := range m.Trees {
		for _, n := range t.Nodes {
			if n.Feature >= 0 {
				if used[n.Feature] == nil {
					used[n.Feature] = make([]bool, 256)
				}
				used[n.Feature][n.Cut] = true
			}
		}
	}
	var features []Feature
	place := make([]int32, len(m.Features))
	cut := make([][256]uint8, len(m.Features))
	for i := range m.Features {
		f := m.Features[i]
		if used[i] == nil {
			continue
		}
		place[i] = int32(len(features))
		if !f.Set {
			var cuts []float64
			for b, c := range f.Cuts {
				cut[i][b] = uint8(len(cuts))
				if used[i][b] {
					cuts = append(cuts, c)
				}
			}
			cut[i][len(f.Cuts)] = uint8(len(cuts)) // values from missing
			f.Cuts = cuts
		}
		features = append(features, f)
	}
	for _, t := range m.Trees {
		for j := range t.Nodes {
			if n := &t.Nodes[j]; n.Feature >= 0 {
				n.Cut = cut[n.Feature][n.Cut]
				n.Feature = place[n.Feature]
			}
		}
	}
	m.Features = features
}

// featureOf is what the model keeps of a feature.
func featureOf(f *feature) Feature {
	out := Feature{Column: f.column}
	switch f.kind {
	case set:
		out.Set, out.Bins, out.missing = true, f.bin, f.bins
	case target:
		out.Cuts, out.Levels = f.cuts, f.codes
	case number:
		out.Cuts = f.cuts
	}
	return out
}

// finite holds x within the finite numbers.
func finite(x float64) float64 {
	return min(max(x, -math.MaxFloat64), math.MaxFloat64)
}
