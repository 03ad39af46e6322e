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
	space   int       // points × nodes of the largest product
	most    int       // nodes of the largest tree
	cost    int
}

// node is the end of an edge; a root's edge is one that every row follows.
type node struct {
	left, column int32
	parent       int32   // counted from the root, as all numbers of nodes
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
		for last != 0 && nodes[part[last].parent].Column != n.Column {
			last = part[last].parent
		}
		for c := n.Left; c <= n.Left+1; c++ {
			share := 0.5
			if n.Cover > 0 {
				share = nodes[c].Cover / n.Cover
			}
			part[c] = node{parent: int32(i), last: last, share: share, whole: part[last].whole * share}
			reach[c] = reach[i] * share
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
	t.space, t.most = max(t.space, points*len(nodes)), max(t.most, len(nodes))
	t.cost += points * len(nodes) * (1 + t.outputs)
	return mean
}

// Walk is the memory of explanations, one after another.
type Walk struct {
	trees   *Trees
	product []float64 // points by node: of the factors on the way down
	inverse []float64 // one over the split column's factor so far, where it was asked before and followed
	sums    []float64 // what the leaves below add up to
	follows []bool    // by node: the row follows all edges so far that ask the edge's column
}

// Walk is memory for explanations by one goroutine.
func (t *Trees) Walk() *Walk {
	w := &Walk{trees: t, product: make([]float64, t.space), inverse: make([]float64, t.space), follows: make([]bool, t.most)}
	w.sums = w.product
	if t.outputs > 1 {
		w.sums = make([]float64, t.space)
	}
	return w
}

// Tree adds a row's contributions in a tree to out, which has for each output
// as many values as there are columns. right says of each split of the tree
// whether the row goes to its right child.
//
// Downwards it finds for each node and point the product of the path's
// factors, upwards the sum over the leaves below of value × product. That sum
// counts for the column of the edge above it with
//
//	(o - z) / (o t + z (1-t))
//
// of the edge, in place of the same of the column's last edge above. Where the
// row has left the column's edges before, both are -1/(1-t).
func (w *Walk) Tree(tree int, right []bool, out []float64) {
	t := w.trees
	from, to := t.roots[tree], t.roots[tree+1]
	nodes, rule := t.nodes[from:to], &t.rules[t.points[tree]]
	w.down(nodes, rule, right)
	columns := len(out) / t.outputs
	values := t.values[int(from)*t.outputs : int(to)*t.outputs]
	for k := range t.outputs {
		if t.outputs > 1 {
			copy(w.sums, w.product[:len(nodes)*len(rule.t)])
		}
		w.up(nodes, rule, values[k*len(nodes):(k+1)*len(nodes)], out[k*columns:(k+1)*columns])
	}
}

func (w *Walk) down(nodes []node, r *rule, right []bool) {
	n := len(r.t)
	follows := w.follows[:len(nodes)]
	follows[0] = true
	for q := range n {
		w.product[q] = 1
	}
	for i := range nodes {
		left := int(nodes[i].left)
		if left == 0 {
			continue
		}
		goes := left
		if right[i] {
			goes++
		}
		here := w.product[i*n : (i+1)*n]
		last := nodes[left].last
		before := follows[last]
		if before && last != 0 { // take the column's factor so far out
			inverse, whole := w.inverse[i*n:(i+1)*n], nodes[last].whole
			for q, t := range r.t {
				inverse[q] = 1 / (t + float64(whole*r.rest[q]))
				here[q] *= inverse[q]
			}
		}
		for c := left; c <= left+1; c++ {
			follows[c] = before && c == goes
			below := w.product[c*n : (c+1)*n]
			switch whole := nodes[c].whole; {
			case follows[c]:
				for q, t := range r.t {
					below[q] = here[q] * (t + float64(whole*r.rest[q]))
				}
			case before:
				for q, rest := range r.rest {
					below[q] = here[q] * float64(whole*rest)
				}
			default:
				share := nodes[c].share
				for q, v := range here {
					below[q] = v * share
				}
			}
		}
	}
}

// up turns products into sums from the leaves to the root and adds what they
// count for.
func (w *Walk) up(nodes []node, r *rule, values, out []float64) {
	n := len(r.t)
	for i := len(nodes) - 1; i > 0; i-- {
		e := &nodes[i]
		here := w.sums[i*n : (i+1)*n]
		if e.left == 0 {
			value := values[i]
			for q := range here {
				here[q] *= value
			}
		}
		up := int(e.parent)
		above := w.sums[up*n : (up+1)*n]
		if int(nodes[up].left) == i-1 { // the right child comes first: it replaces what was the product
			copy(above, here)
		} else {
			for q, v := range here {
				above[q] += v
			}
		}
		if !w.follows[e.last] {
			continue
		}
		total := 0.0
		if w.follows[i] {
			for q, v := range here {
				total += float64(r.weight[q]*v) / (r.t[q] + float64(e.whole*r.rest[q]))
			}
			total *= 1 - e.whole
		} else {
			for q, v := range here {
				total -= float64(r.over[q] * v)
			}
		}
		if e.last != 0 {
			before, inverse := 0.0, w.inverse[up*n:(up+1)*n]
			for q, v := range here {
				before += float64(float64(r.weight[q]*v) * inverse[q])
			}
			total -= float64((1 - nodes[e.last].whole) * before)
		}
		out[nodes[up].column] += total
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
