package forest

import (
	"math/rand/v2"
)

// tree is nodes in pre-order, and of each leaf its values, Width of them (one
// per class, or 1) after another, and the weight of its rows of training.
type tree struct {
	nodes  []node
	values []float32
	covers []float32
}

// maxDepth is the most divisions from the root to a leaf, so that hostile
// models cannot make explanations slow.
const maxDepth = 500

// node divides rows by a column's code, or is a leaf.
type node struct {
	column     int32 // -1: a leaf
	right      int32 // a division: the node of the right side; the left one is the next. A leaf: its number
	cut        uint8 // codes below it go left
	absentLeft bool  // missing values go left
}

// grower grows one tree.
type grower struct {
	codes   [][]uint8
	targets *targets
	random  *rand.Rand
	extra   bool
	leaves  int     // at most
	least   float64 // weight of a leaf
	look    int     // columns at a node

	rows   []int32   // positions in targets.rows, those of a node together
	weight []float64 // of each of targets.rows in this tree
	order  []int32   // columns in the order of the last draw
	hist   []float64 // of a column: weight and sums of each code
	open   []*branch // leaves that can be divided
}

// branch is a node while the tree grows.
type branch struct {
	lo, hi      int       // its part of rows
	depth       int       // divisions above it
	weight      float64   // of its rows
	sum         []float64 // of its rows' targets, one per value of a leaf
	gain        float64   // of the best division; 0: none
	column      int
	cut         uint8
	absentLeft  bool
	left, right *branch
}

// grow divides the leaf that gains most, until there are enough leaves.
func (g *grower) grow() tree {
	g.sample()
	g.hist = make([]float64, 256*(1+g.targets.sums))
	g.order = make([]int32, len(g.codes))
	for j := range g.order {
		g.order[j] = int32(j)
	}
	root := g.branch(0, len(g.rows))
	g.open = []*branch{root}
	for leaves := 1; leaves < g.leaves; leaves++ {
		best := -1
		for i, b := range g.open {
			if b.gain > 0 && b.depth < maxDepth && (best < 0 || b.gain > g.open[best].gain) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		b := g.open[best]
		middle := g.partition(b)
		b.left, b.right = g.branch(b.lo, middle), g.branch(middle, b.hi)
		b.left.depth, b.right.depth = b.depth+1, b.depth+1
		g.open[best] = b.left
		g.open = append(g.open, b.right)
	}
	t := tree{}
	prior := g.share(root, nil)
	g.write(&t, root, prior)
	return t
}

// sample draws each row a number of times that is Poisson with mean 1, or
// takes every row once.
func (g *grower) sample() {
	n := len(g.targets.rows)
	g.weight = make([]float64, n)
	for i, w := range g.targets.weight {
		times := 1
		if !g.extra {
			times = poisson(g.random.Float64())
		}
		if times > 0 {
			g.weight[i] = float64(times) * w
			g.rows = append(g.rows, int32(i))
		}
	}
	if len(g.rows) == 0 { // a handful of rows, none drawn
		copy(g.weight, g.targets.weight)
		for i := range n {
			g.rows = append(g.rows, int32(i))
		}
	}
}

// poisson is the number whose cumulated probability, at mean 1, is first
// above u.
func poisson(u float64) int {
	const p0 = 0.36787944117144233 // 1/e
	p, sum, k := p0, p0, 0
	for u >= sum && k < 12 {
		k++
		p /= float64(k)
		sum += p
	}
	return k
}

// branch is the node of rows lo..hi-1 with its best division.
func (g *grower) branch(lo, hi int) *branch {
	b := &branch{lo: lo, hi: hi, sum: make([]float64, g.targets.sums)}
	for _, i := range g.rows[lo:hi] {
		b.weight += g.weight[i]
		g.add(b.sum, i)
	}
	if b.weight < 2*g.least || hi-lo < 2 {
		return b
	}
	whole := score(b.weight, b.sum)
	for tried, k := 0, 0; k < len(g.order) && tried < g.look; k++ {
		j := k + g.random.IntN(len(g.order)-k)
		g.order[k], g.order[j] = g.order[j], g.order[k]
		column := int(g.order[k])
		low, high := g.histogram(column, b)
		if low == high {
			continue // one value: another column may have more
		}
		tried++
		if g.extra {
			g.random1(column, low, high, whole, b)
		} else {
			g.best(column, low, high, whole, b)
		}
	}
	if b.gain <= 1e-9*b.weight {
		b.gain = 0
	}
	return b
}

// add is a row's part of the sums.
func (g *grower) add(sum []float64, i int32) {
	if len(sum) == 1 {
		sum[0] += float64(g.weight[i] * g.targets.value[i])
	} else {
		sum[int(g.targets.value[i])] += g.weight[i]
	}
}

// score is what a division makes large: the sum of squares over the weight,
// which is the fall of the squared error, and for classes of Gini's impurity.
func score(weight float64, sum []float64) float64 {
	if weight <= 0 {
		return 0
	}
	square := 0.0
	for _, s := range sum {
		square += float64(s * s)
	}
	return square / weight
}

// histogram fills hist for the rows of the node and gives the lowest and the
// highest code; they are equal where all rows are alike.
func (g *grower) histogram(column int, b *branch) (low, high int) {
	codes := g.codes[column]
	low, high = 255, 0
	missing := false
	for _, i := range g.rows[b.lo:b.hi] {
		c := int(codes[i])
		if c == absent {
			missing = true
			continue
		}
		low, high = min(low, c), max(high, c)
	}
	if low >= high && !(missing && low == high) {
		return 0, 0
	}
	width := 1 + g.targets.sums
	clear(g.hist[low*width : (high+1)*width])
	clear(g.hist[absent*width:])
	for _, i := range g.rows[b.lo:b.hi] {
		at := int(codes[i]) * width
		g.hist[at] += g.weight[i]
		g.add(g.hist[at+1:at+width], i)
	}
	if low == high {
		return low, high + 1 // the one value against the missing ones
	}
	return low, high
}

// best tries every cut, with the missing values on either side.
func (g *grower) best(column, low, high int, whole float64, b *branch) {
	width := 1 + g.targets.sums
	left := make([]float64, width)
	for cut := low + 1; cut <= high; cut++ {
		for k, v := range g.hist[(cut-1)*width : cut*width] {
			left[k] += v
		}
		g.try(column, cut, left, whole, b)
	}
}

// random1 tries one cut.
func (g *grower) random1(column, low, high int, whole float64, b *branch) {
	width := 1 + g.targets.sums
	left := make([]float64, width)
	cut := low + 1 + g.random.IntN(high-low)
	for at := low * width; at < cut*width; at++ {
		left[at%width] += g.hist[at]
	}
	g.try(column, cut, left, whole, b)
}

// try takes the division if it is the best so far. left is weight and sums of
// the codes below the cut.
func (g *grower) try(column, cut int, left []float64, whole float64, b *branch) {
	missing := g.hist[absent*len(left) : (absent+1)*len(left)]
	for _, absentLeft := range [2]bool{false, true} {
		if absentLeft && missing[0] == 0 {
			return
		}
		weight, square, rest := left[0], 0.0, 0.0
		if absentLeft {
			weight += missing[0]
		}
		if weight < g.least || b.weight-weight < g.least {
			continue
		}
		for k, s := range left[1:] {
			if absentLeft {
				s += missing[1+k]
			}
			square += float64(s * s)
			rest += float64((b.sum[k] - s) * (b.sum[k] - s))
		}
		if gain := square/weight + rest/(b.weight-weight) - whole; gain > b.gain {
			b.gain, b.column, b.cut, b.absentLeft = gain, column, uint8(cut), absentLeft
		}
	}
}

// partition puts the rows that go left before the others, each in their
// order, and gives the first of the others.
func (g *grower) partition(b *branch) int {
	codes := g.codes[b.column]
	var right []int32
	at := b.lo
	for _, i := range g.rows[b.lo:b.hi] {
		if c := codes[i]; c == absent && b.absentLeft || c != absent && c < b.cut {
			g.rows[at] = i
			at++
		} else {
			right = append(right, i)
		}
	}
	copy(g.rows[at:], right)
	return at
}

// write appends the branch and what is below it.
func (g *grower) write(t *tree, b *branch, prior []float64) {
	at := len(t.nodes)
	if b.left == nil {
		t.nodes = append(t.nodes, node{column: -1, right: int32(len(t.values) / len(b.sum))})
		for _, v := range g.share(b, prior) {
			t.values = append(t.values, float32(v))
		}
		t.covers = append(t.covers, float32(b.weight))
		return
	}
	t.nodes = append(t.nodes, node{column: int32(b.column), cut: b.cut, absentLeft: b.absentLeft})
	g.write(t, b.left, prior)
	t.nodes[at].right = int32(len(t.nodes))
	g.write(t, b.right, prior)
}

// share is the mean target of a branch, with the prior as half a row more
// (nil: none).
func (g *grower) share(b *branch, prior []float64) []float64 {
	out := make([]float64, len(b.sum))
	for k, s := range b.sum {
		if prior == nil {
			out[k] = s / b.weight
		} else {
			out[k] = (s + float64(prior[k]/2)) / (b.weight + 0.5)
		}
	}
	return out
}
