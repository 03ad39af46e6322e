// Package shap is exact Shapley values of the columns of a row in a sum of
// trees: how much each column moved the sum away from what it is for a row of
// which nothing is known.
//
// The game is the path-dependent one: a tree asked about a set of columns
// follows the row where it splits on one of them, and elsewhere takes both
// ways in proportion to their rows of training.
//
// A column's Shapley value at one leaf, where z is the part of training and o
// is 1 or 0 as the row follows the column's splits on the way, is
//
//	value × (o - z) × ∫ Π (o' t + z' (1 - t)) dt, t from 0 to 1
//
// over the other columns' o' and z': the sum over subsets with their factorial
// weights, as an integral. The integrand is a polynomial, so Gauss's rule with
// half as many points as the path has columns gives it exactly, and one walk
// over the tree does all leaves: time is nodes × points.
//
// Sources: Lundberg et al. 2020, From local explanations to global
// understanding (the game); Yu et al. 2022, Linear TreeShap (one walk).
package shap

import "math"

// Node is a leaf or a split. In a tree the root is first, and children come
// behind their parent, next to one another.
type Node struct {
	Left   int32   // number of the left child in the tree, the right one follows; 0: a leaf
	Column int32   // that a split asks
	Cover  float64 // weight of the rows of training that came here
}

// Trees are laid out for explanations. They are made by Add, and safe for
// concurrent use when all are added.
type Trees struct {
	outputs int
	roots   []int32   // first node of each tree, and the end of the last one
	nodes   []node    // tree after tree
	values  []float64 // tree after tree, outputs × its nodes
	points  []int     // by tree: points of the rule that is exact for it
	rules   []rule    // by number of points; those in use
	levels  int       // of splits in the deepest tree
	most    int       // nodes of the largest tree
	cost    int
}

// node is the end of an edge; a root's edge is one that every row follows.
type node struct {
	left, column int32   // nodes are counted from the root
	last         int32   // end of the last edge above that asks the same column; 0: none
	share        float64 // part of the parent's rows of training
	whole        float64 // product of the shares of all edges so far that ask the column
}

// rule is Gauss's rule on 0..1: of each point t also 1-t, the weight, and
// weight / (1-t).
type rule struct{ t, rest, weight, over []float64 }

// New is no trees, of the given number of values a leaf.
func New(outputs int) *Trees { return &Trees{outputs: outputs, roots: []int32{0}} }

// Nodes is the most nodes of a tree.
func (t *Trees) Nodes() int { return t.most }

// Cost is how many pairs of nodes and points an explanation visits.
func (t *Trees) Cost() int { return t.cost }

// Add adds a tree: values has for each output one value per node, of which
// those of leaves count. It gives each output's mean over the rows of training.
func (t *Trees) Add(nodes []Node, values []float64) (mean []float64) {
	mean = make([]float64, t.outputs)
	part := make([]node, len(nodes))
	parent := make([]int32, len(nodes))
	level := make([]int, len(nodes))
	columns := make([]int, len(nodes))   // on the path to a node
	reach := make([]float64, len(nodes)) // part of training that comes to a node
	part[0].share, part[0].whole, reach[0] = 1, 1, 1
	deepest := 0
	for i, n := range nodes {
		part[i].left, part[i].column = n.Left, n.Column
		if n.Left == 0 {
			deepest = max(deepest, columns[i])
			for k := range mean {
				mean[k] += float64(reach[i] * values[k*len(nodes)+i])
			}
			continue
		}
		last := int32(i)
		for last != 0 && nodes[parent[last]].Column != n.Column {
			last = parent[last]
		}
		t.levels = max(t.levels, level[i]+1)
		for c := n.Left; c <= n.Left+1; c++ {
			share := 0.5
			if n.Cover > 0 {
				share = nodes[c].Cover / n.Cover
			}
			part[c] = node{last: last, share: share, whole: part[last].whole * share}
			parent[c], level[c], reach[c] = int32(i), level[i]+1, reach[i]*share
			columns[c] = columns[i]
			if last == 0 {
				columns[c]++
			}
		}
	}
	points := max((deepest+1)/2, 1)
	for len(t.rules) <= points {
		t.rules = append(t.rules, rule{})
	}
	if t.rules[points].t == nil {
		t.rules[points] = gauss(points)
	}
	t.points = append(t.points, points)
	t.nodes = append(t.nodes, part...)
	t.values = append(t.values, values...)
	t.roots = append(t.roots, int32(len(t.nodes)))
	t.most = max(t.most, len(nodes))
	t.cost += points * len(nodes) * (1 + t.outputs)
	return mean
}

// Walk is the memory of explanations, one after another: of one path, level by
// level, as many values as the largest rule has points.
type Walk struct {
	trees   *Trees
	points  int
	product []float64 // of the path's factors, down to the node
	inverse []float64 // one over the split column's factor so far, where it was asked before and followed
	sums    []float64 // of the leaves below: value × product; by output
	follows []bool    // by node: the row follows all edges so far that ask the edge's column

	// of the tree at hand
	nodes  []node
	values []float64
	rule   *rule
	right  []bool
	out    []float64
}

// Walk is memory for explanations by one goroutine.
func (t *Trees) Walk() *Walk {
	points := len(t.rules) // one more than are needed
	n := (t.levels + 1) * points
	return &Walk{
		trees: t, points: points, product: make([]float64, n), inverse: make([]float64, n), sums: make([]float64, n*t.outputs),
		follows: make([]bool, t.most),
	}
}

// at is a level's part of the memory of one value per point.
func (w *Walk) at(memory []float64, level int) []float64 {
	return memory[level*w.points:][:len(w.rule.t)]
}

// sum is a level's sums.
func (w *Walk) sum(level int) []float64 {
	return w.sums[level*w.points*w.trees.outputs:][:len(w.rule.t)*w.trees.outputs]
}

// Tree adds a row's contributions in a tree to out, which has for each output
// as many values as there are columns. right says of each split of the tree
// whether the row goes to its right child.
//
// On the way down it finds at each point the product of the path's factors, on
// the way back the sum over the leaves below of value × product. That sum
// counts for the column of the edge above it with
//
//	(o - z) / (o t + z (1-t))
//
// of the edge, in place of the same of the column's last edge above. Where the
// row has left the column's edges before, both are -1/(1-t).
func (w *Walk) Tree(tree int, right []bool, out []float64) {
	t := w.trees
	from, to := int(t.roots[tree]), int(t.roots[tree+1])
	if to-from == 1 {
		return
	}
	w.nodes, w.values, w.rule = t.nodes[from:to], t.values[from*t.outputs:to*t.outputs], &t.rules[t.points[tree]]
	w.right, w.out = right, out
	for q := range w.rule.t {
		w.product[q] = 1
	}
	w.follows[0] = true
	w.split(0, 0)
}

// split walks what is below a split at the level and leaves its sums there.
func (w *Walk) split(i int32, level int) {
	r := w.rule
	here, inverse := w.at(w.product, level), w.at(w.inverse, level)
	left := w.nodes[i].left
	last := w.nodes[left].last
	before := w.follows[last]
	if before && last != 0 { // take the column's factor so far out
		whole := w.nodes[last].whole
		for q, t := range r.t {
			inverse[q] = 1 / (t + float64(whole*r.rest[q]))
			here[q] *= inverse[q]
		}
	}
	goes := left
	if w.right[i] {
		goes++
	}
	sums, below, from := w.sum(level), w.at(w.product, level+1), w.sum(level+1)
	for c := left; c <= left+1; c++ {
		e := &w.nodes[c]
		w.follows[c] = before && c == goes
		switch {
		case w.follows[c]:
			for q, t := range r.t {
				below[q] = here[q] * (t + float64(e.whole*r.rest[q]))
			}
		case before:
			for q, rest := range r.rest {
				below[q] = here[q] * float64(e.whole*rest)
			}
		default:
			for q, v := range here {
				below[q] = v * e.share
			}
		}
		if e.left == 0 {
			w.leaf(c, below, from)
		} else {
			w.split(c, level+1)
		}
		if before {
			w.count(c, w.nodes[i].column, from, inverse)
		}
		if c == left {
			copy(sums, from)
			continue
		}
		for q, v := range from {
			sums[q] += v
		}
	}
}

// leaf is its values × product.
func (w *Walk) leaf(i int32, product, sums []float64) {
	for k := range w.trees.outputs {
		value, part := w.values[k*len(w.nodes)+int(i)], sums[k*len(product):(k+1)*len(product)]
		for q, v := range product {
			part[q] = v * value
		}
	}
}

// count adds what the sums below the edge to node c count for its column.
func (w *Walk) count(c, column int32, sums, inverse []float64) {
	r, e := w.rule, &w.nodes[c]
	n, columns := len(r.t), len(w.out)/w.trees.outputs
	for k := range w.trees.outputs {
		total := 0.0
		part := sums[k*n : (k+1)*n]
		if w.follows[c] {
			for q, v := range part {
				total += float64(r.weight[q]*v) / (r.t[q] + float64(e.whole*r.rest[q]))
			}
			total *= 1 - e.whole
		} else {
			for q, v := range part {
				total -= float64(r.over[q] * v)
			}
		}
		if e.last != 0 {
			before := 0.0
			for q, v := range part {
				before += float64(float64(r.weight[q]*v) * inverse[q])
			}
			total -= float64((1 - w.nodes[e.last].whole) * before)
		}
		w.out[k*columns+int(column)] += total
	}
}

// gauss is the rule with n points on 0..1, exact for polynomials below degree
// 2n: the roots of Legendre's polynomial by Newton's method.
func gauss(n int) rule {
	var r rule
	for i := range n {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		slope := 0.0
		for range 20 {
			before, here := 0.0, 1.0
			for k := range n {
				d := float64(k)
				before, here = here, (float64(float64((2*d+1)*x)*here)-float64(d*before))/(d+1)
			}
			slope = float64(n) * (float64(x*here) - before) / (float64(x*x) - 1)
			x -= here / slope
		}
		weight := 1 / (float64((1-float64(x*x))*slope) * slope)
		r.t, r.rest = append(r.t, (1+x)/2), append(r.rest, (1-x)/2)
		r.weight, r.over = append(r.weight, weight), append(r.over, 2*weight/(1-x))
	}
	return r
}
