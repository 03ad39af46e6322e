package tree

import "math"

// Contributions explains one row: out gets, for each output, how much each
// column of the table moves the margin, and last the margin of a row of which
// nothing is known; together they are the row's margin (log-odds for classes,
// the value for regression). out has Width × (Columns + 1) values.
//
// The contributions are Shapley values of the path-dependent game: a tree
// asked about a set of columns follows the row where it splits on one of them,
// and elsewhere takes both ways in proportion to their rows of training.
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
func (m *Model) Contributions(x, out []float64) {
	width := m.Width()
	e := explainer{
		walker: &m.walker, codes: m.codes(nil, x), out: make([]float64, m.Columns),
		space: make([]float64, m.space), follows: make([]bool, m.space),
	}
	for k := range width {
		clear(e.out)
		for t := k; t < len(m.Trees); t += width {
			e.tree(t)
		}
		part := out[k*(m.Columns+1) : (k+1)*(m.Columns+1)]
		for j, v := range e.out {
			part[j] = m.Unit * v
		}
		part[m.Columns] = m.Base[k] + float64(m.Unit*m.expected[k])
	}
}

// edges is what an explanation needs of a tree's nodes beside their steps.
// Each has one entry per step, for the edge from the step's parent to it; a
// root's edge is one that every row follows.
type edges struct {
	parent []int32   // step above, counted from the root
	last   []int32   // step below the last edge above that asks the same column; 0: none
	share  []float64 // part of the parent's rows of training
	whole  []float64 // product of the shares of all edges so far that ask the column

	points   []int     // by tree: points of the rule that is exact for it
	rules    [][]point // by number of points; those in use
	space    int       // values that an explanation needs at most
	expected []float64 // by output: mean score of the rows of training
}

// point is a point t of Gauss's rule on 0..1, with 1-t, 1/(1-t) and the weight.
type point struct{ t, rest, inverse, weight float64 }

// explainer is a walk over one tree after another for one row.
type explainer struct {
	*walker
	codes   []uint8
	out     []float64 // by column
	follows []bool    // by step: the row follows all edges so far that ask the edge's column
	space   []float64
}

// tree adds the contributions of tree t to out, in units.
//
// Downwards it finds for each step and point the product of the path's
// factors, upwards the sum over the leaves below of value × product. That sum
// counts for the column of the edge above it with
//
//	(o - z) / (o t + z (1-t))
//
// of the edge, in place of the same of the column's last edge above. Where the
// row has left the column's edges before, both are -1/(1-t).
func (e *explainer) tree(t int) {
	first, end := e.roots[t], e.roots[t+1]
	steps := e.steps[first:end]
	share, whole, last := e.share[first:end], e.whole[first:end], e.last[first:end]
	rule := e.rules[e.points[t]]
	n := len(rule)
	product := e.space[:n*len(steps)]
	inverse := e.space[n*len(steps) : 2*n*len(steps)] // of the split column's factors so far
	follows := e.follows[:len(steps)]
	follows[0] = true
	for q := range rule {
		product[q] = 1
	}
	for i, s := range steps {
		if s.down == 0 {
			continue
		}
		left := i + int(s.down)
		here, inverse := product[i*n:(i+1)*n], inverse[i*n:(i+1)*n]
		goes := int(e.next(uint32(first)+uint32(i), e.codes)) - int(first)
		before := follows[last[left]]
		for q, p := range rule {
			inverse[q] = here[q]
			if before {
				inverse[q] = 1 / (p.t + float64(whole[last[left]]*p.rest))
			}
		}
		for c := left; c <= left+1; c++ {
			follows[c] = before && c == goes
			below := product[c*n : (c+1)*n]
			for q, p := range rule {
				switch {
				case follows[c]:
					below[q] = here[q] * inverse[q] * (p.t + float64(whole[c]*p.rest))
				case before:
					below[q] = here[q] * inverse[q] * float64(whole[c]*p.rest)
				default:
					below[q] = here[q] * share[c]
				}
			}
		}
	}
	e.upwards(t, product, inverse)
}

// upwards turns products into sums from the leaves to the root and adds what
// they count for.
func (e *explainer) upwards(t int, sums, inverse []float64) {
	first, end := e.roots[t], e.roots[t+1]
	steps := e.steps[first:end]
	whole, last, parent := e.whole[first:end], e.last[first:end], e.parent[first:end]
	rule := e.rules[e.points[t]]
	n := len(rule)
	for i := len(steps) - 1; i > 0; i-- {
		here := sums[i*n : (i+1)*n]
		if steps[i].down == 0 {
			value := e.value(uint32(first) + uint32(i))
			for q := range here {
				here[q] *= value
			}
		}
		up := int(parent[i])
		if up+int(steps[up].down) == i-1 { // the right child comes first: clear what was the product
			clear(sums[up*n : (up+1)*n])
		}
		above, inverse := sums[up*n:(up+1)*n], inverse[up*n:(up+1)*n]
		if !e.follows[last[i]] {
			for q, v := range here {
				above[q] += v
			}
			continue
		}
		total, rest := 0.0, 1-whole[last[i]]
		for q, p := range rule {
			v := here[q]
			above[q] += v
			factor := -p.inverse
			if e.follows[i] {
				factor = (1 - whole[i]) / (p.t + float64(whole[i]*p.rest))
			}
			total += float64(p.weight * v * (factor - float64(rest*inverse[q])))
		}
		e.out[e.slots[steps[up].slot].column] += total
	}
}

// gauss is the rule with n points on 0..1, exact for polynomials below degree
// 2n: the roots of Legendre's polynomial by Newton's method.
func gauss(n int) []point {
	out := make([]point, n)
	for i := range out {
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
		out[i] = point{(1 + x) / 2, (1 - x) / 2, 2 / (1 - x), 1 / (float64((1-float64(x*x))*slope) * slope)}
	}
	return out
}

// newEdges prepares explanations of m, whose steps are w's.
func newEdges(m *Model, w *walker) edges {
	n := len(w.steps)
	e := edges{
		parent: make([]int32, n), last: make([]int32, n), share: make([]float64, n), whole: make([]float64, n),
		expected: make([]float64, m.Width()),
	}
	for t := range m.Trees {
		from, to := w.roots[t], w.roots[t+1]
		part := edges{parent: e.parent[from:to], last: e.last[from:to], share: e.share[from:to], whole: e.whole[from:to]}
		columns, mean := part.fill(m, m.Trees[t].Nodes)
		e.expected[t%m.Width()] += mean
		points := max((columns+1)/2, 1)
		for len(e.rules) <= points {
			e.rules = append(e.rules, nil)
		}
		if e.rules[points] == nil {
			e.rules[points] = gauss(points)
		}
		e.points = append(e.points, points)
		e.space = max(e.space, 2*points*len(m.Trees[t].Nodes))
	}
	return e
}

// fill fills one tree's entries. It returns the most columns on a path, and
// the mean value over the rows of training.
func (e *edges) fill(m *Model, nodes []Node) (most int, mean float64) {
	column := func(split int32) int { return m.Features[nodes[split].Feature].Column }
	columns := make([]int, len(nodes))   // on the path to a node
	reach := make([]float64, len(nodes)) // part of training that comes to a node
	e.share[0], e.whole[0], reach[0] = 1, 1, 1
	for i := range nodes {
		n := &nodes[i]
		if n.Feature < 0 {
			mean += float64(reach[i] * float64(n.Value))
			most = max(most, columns[i])
			continue
		}
		last := int32(i)
		for last != 0 && column(e.parent[last]) != column(int32(i)) {
			last = e.parent[last]
		}
		for c := n.Left; c <= n.Left+1; c++ {
			e.share[c] = 0.5
			if n.Cover > 0 {
				e.share[c] = float64(nodes[c].Cover) / float64(n.Cover)
			}
			e.parent[c], e.last[c] = int32(i), last
			e.whole[c] = e.whole[last] * e.share[c]
			reach[c] = reach[i] * e.share[c]
			columns[c] = columns[i]
			if last == 0 {
				columns[c]++
			}
		}
	}
	return most, mean
}
