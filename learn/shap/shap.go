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

// rule is Gauss's rule on 0..1: of each point t also 1-t, and the weight.
type rule struct{ t, rest, weight []float64 }

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
	product []float64 // of the path's factors, down to the split
	ratio   []float64 // a child's product over the split's
	weight  []float64 // product without the split column's factor, times the rule's weight
	sums    []float64 // over the leaves below of value × what the child's or leaf's product is over the split's; by output
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
		trees: t, points: points, product: make([]float64, n), ratio: make([]float64, n), weight: make([]float64, n),
		sums: make([]float64, n*t.outputs), follows: make([]bool, t.most),
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
// the way back the sum over the leaves below of value × the factors below. A
// split counts for its column with
//
//	Σ weight × product × (o - z) × sum
//
// over the points and its two edges, where product is without the column's own
// factor; less the same of the column's edge above, in whose place they stand.
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
	w.split(0, 0, 0, 1)
}

// split walks what is below a split at the level and leaves its sums there. The
// path's product is by, times that at level above.
func (w *Walk) split(i int32, level, above int, by float64) {
	r, left := w.rule, w.nodes[i].left
	last := w.nodes[left].last
	clear(w.sum(level))
	if !w.follows[last] { // the column no longer counts: both ways are taken in proportion
		for c := left; c <= left+1; c++ {
			e := &w.nodes[c]
			w.follows[c] = false
			if e.left == 0 {
				w.part(c, level, e.share)
				continue
			}
			w.split(c, level+1, above, by*e.share)
			sums := w.sum(level)
			for q, v := range w.sum(level + 1) {
				sums[q] += float64(e.share * v)
			}
		}
		return
	}
	here, ratio, weight := w.at(w.product, above), w.at(w.ratio, level), w.at(w.weight, level)
	column, again, whole := w.nodes[i].column, last != 0, w.nodes[last].whole
	goes, total := left, 0.0 // of weight
	if w.right[i] {
		goes++
	}
	for q, p := range here {
		weight[q] = r.weight[q] * p * by
		if again {
			weight[q] /= r.t[q] + float64(whole*r.rest[q])
		}
		total += weight[q]
	}
	for c := left; c <= left+1; c++ {
		e := &w.nodes[c]
		w.follows[c] = c == goes
		differs := -e.whole // o - z
		for q, rest := range r.rest {
			ratio[q] = e.whole * rest
		}
		if c == goes {
			differs++
			for q, t := range r.t {
				ratio[q] += t
			}
		}
		if again {
			for q, t := range r.t {
				ratio[q] /= t + float64(whole*r.rest[q])
			}
		}
		if e.left == 0 {
			w.leaf(c, column, level, differs*total)
			continue
		}
		below := w.at(w.product, level+1)
		for q, p := range here {
			below[q] = p * ratio[q]
		}
		w.split(c, level+1, level+1, by)
		w.join(column, level, differs)
	}
	if again {
		w.count(column, w.sum(level), weight, whole-1)
	}
}

// part adds a share of leaf c to the sums of its split.
func (w *Walk) part(c int32, level int, share float64) {
	n, sums := len(w.rule.t), w.sum(level)
	for k := range w.trees.outputs {
		value, sum := float64(share*w.values[k*len(w.nodes)+int(c)]), sums[k*n:(k+1)*n]
		for q := range sum {
			sum[q] += value
		}
	}
}

// leaf adds leaf c to the sums of its split, and counts each value so many
// times for the column.
func (w *Walk) leaf(c, column int32, level int, times float64) {
	ratio, sums, columns := w.at(w.ratio, level), w.sum(level), len(w.out)/w.trees.outputs
	for k := range w.trees.outputs {
		value, sum := w.values[k*len(w.nodes)+int(c)], sums[k*len(ratio):(k+1)*len(ratio)]
		for q, v := range ratio {
			sum[q] += float64(v * value)
		}
		w.out[k*columns+int(column)] += float64(times * value)
	}
}

// join adds the sums of the split below to those at the level, and counts them
// for the column.
func (w *Walk) join(column int32, level int, times float64) {
	ratio, sums, below := w.at(w.ratio, level), w.sum(level), w.sum(level+1)
	for k := range w.trees.outputs {
		from, to := below[k*len(ratio):(k+1)*len(ratio)], sums[k*len(ratio):(k+1)*len(ratio)]
		for q, v := range from {
			to[q] += float64(ratio[q] * v)
		}
	}
	w.count(column, below, w.at(w.weight, level), times)
}

// count adds times × the weighted sums to what the column moves.
func (w *Walk) count(column int32, sums, weight []float64, times float64) {
	columns := len(w.out) / w.trees.outputs
	for k := range w.trees.outputs {
		total := 0.0
		for q, v := range sums[k*len(weight) : (k+1)*len(weight)] {
			total += float64(weight[q] * v)
		}
		w.out[k*columns+int(column)] += float64(times * total)
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
		r.t, r.rest, r.weight = append(r.t, (1+x)/2), append(r.rest, (1-x)/2), append(r.weight, weight)
	}
	return r
}
