package tree

import (
	"container/heap"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn/portable"
)

// bud is a node that may still be split.
type bud struct {
	node
	lo, hi int       // its rows: order[lo:hi]
	depth  int       // splits above it
	path   uint64    // chance of its own, from the splits above
	hist   histogram // nil: to be made again
	best   split
	number int     // of the node in the tree
	shoots *[2]bud // children, once the bud was expanded ahead of its turn
}

// grower grows one tree after another on the same data.
type grower struct {
	*binned
	search
	crew    *crew
	boost   Boost
	sums    []sum    // gradient and hessian of each row of train
	order   []uint32 // rows of the tree; a node's are neighbours
	spare   []uint32
	store   store
	private []histogram // one per worker but the first, for sums by part of the rows
	seed    uint64      // of the tree
	inTree  []bool      // by feature: in the tree; nil: all are
	inUse   []bool      // by packed column: has features in the tree; nil: all have
	noise   float64     // of the square root of what a level explains; see fit.chances

	// memory that is used again
	tree        grown
	open        queue
	batch, seen []*bud
	bests       [][2]split // by worker
	levelers    []leveler  // by worker
}

const (
	teamRows  = 16384 // rows of a node that all workers work on even if there are others
	shareRows = 1024  // rows of a node that it pays to share
)

// queue orders buds: best gain first, then the lowest number.
type queue []*bud

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].best.gain != q[j].best.gain {
		return q[i].best.gain > q[j].best.gain
	}
	return q[i].number < q[j].number
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*bud)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// grown is a tree and the rows of its leaves.
type grown struct {
	nodes  []Node
	splits []split      // by node; leaves have none
	lo, hi []int        // by node: rows order[lo:hi]
	total  []sum        // by node
	bounds [][2]float64 // by node: of its value, for monotone columns
}

// grow makes a tree of the rows in order. It is valid until the next call.
func (g *grower) grow(total sum) *grown {
	t := &g.tree
	t.reset()
	root := &bud{
		node: node{total: total, rows: len(g.order), lower: math.Inf(-1), upper: math.Inf(1)},
		hi:   len(g.order), path: portable.Mix(g.seed),
	}
	t.add(root)
	if g.boost.Symmetric > 0 {
		g.symmetric(root)
	} else {
		g.leafwise(root)
	}
	return t
}

// leafwise grows the tree, best gain first.
//
// Several buds are expanded at the same time, one by each worker; splits are
// then taken over one by one in the order of their gains. What was expanded in
// vain is forgotten, so the tree does not depend on the number of workers.
func (g *grower) leafwise(root *bud) {
	t := &g.tree
	if g.splittable(root) {
		root.hist = g.store.take()
		g.root(root)
	}
	open := &g.open
	g.push(open, root)
	for leaves := 1; leaves < g.boost.Leaves && len(*open) > 0; leaves++ {
		if (*open)[0].shoots == nil {
			g.expandBest(open, g.boost.Leaves-leaves)
		}
		b := heap.Pop(open).(*bud)
		t.split(b)
		g.push(open, &b.shoots[0])
		g.push(open, &b.shoots[1])
	}
	for _, b := range *open {
		g.drop(b)
	}
	*open = (*open)[:0]
}

func (t *grown) reset() {
	t.nodes, t.splits, t.total = t.nodes[:0], t.splits[:0], t.total[:0]
	t.lo, t.hi, t.bounds = t.lo[:0], t.hi[:0], t.bounds[:0]
}

// add gives b the next number.
func (t *grown) add(b *bud) {
	b.number = len(t.nodes)
	t.nodes = append(t.nodes, Node{Feature: -1, Cover: uint32(b.rows)})
	t.splits = append(t.splits, split{})
	t.lo, t.hi = append(t.lo, b.lo), append(t.hi, b.hi)
	t.total = append(t.total, b.total)
	t.bounds = append(t.bounds, [2]float64{b.lower, b.upper})
}

// split takes over b's split; its children get the next two numbers.
func (t *grown) split(b *bud) {
	n, s := &t.nodes[b.number], &b.best
	n.Feature, n.Left, n.Gain = s.feature, int32(len(t.nodes)), float32(s.gain)
	n.Cut, n.MissingLeft = s.cut, s.missing
	t.splits[b.number] = *s
	t.add(&b.shoots[0])
	t.add(&b.shoots[1])
}

func (g *grower) push(open *queue, b *bud) {
	if b.best.gain > 0 {
		heap.Push(open, b)
	} else {
		g.drop(b)
	}
}

// drop gives back the histograms of b and its shoots.
func (g *grower) drop(b *bud) {
	g.store.give(b.hist)
	b.hist = nil
	if b.shoots != nil {
		g.drop(&b.shoots[0])
		g.drop(&b.shoots[1])
	}
}

// splittable tells whether it is worth looking for a split of b.
func (g *grower) splittable(b *bud) bool {
	enough := b.rows >= max(2, 2*g.boost.MinRows) && float64(b.total.hessian()) >= 2*g.least
	return enough && b.depth < g.boost.Depth
}

// expandBest expands the best buds of the queue that have no shoots yet, at
// most limit: the first by the whole crew if it is large or alone, otherwise
// some for each worker.
func (g *grower) expandBest(open *queue, limit int) {
	whole := team{crew: g.crew, all: g.crew.size > 1}
	if best := (*open)[0]; g.crew.size == 1 || limit == 1 || best.rows >= teamRows {
		g.room(open, best)
		g.expand(best, whole.forRows(best.rows), limit > 1)
		return
	}
	batch, seen := g.batch[:0], g.seen[:0]
	for len(*open) > 0 && len(batch) < min(limit, 2*g.crew.size) {
		b := heap.Pop(open).(*bud)
		seen = append(seen, b)
		if b.shoots == nil && b.rows < teamRows {
			batch = append(batch, b)
		}
	}
	for _, b := range seen {
		heap.Push(open, b)
	}
	g.batch, g.seen = batch, seen
	g.room(open, batch...)
	if len(batch) < g.crew.size {
		for _, b := range batch {
			g.expand(b, whole.forRows(b.rows), true)
		}
		return
	}
	g.crew.blocks(len(batch), 1, func(w, i, _ int) {
		g.expand(batch[i], team{g.crew, w, false}, true)
	})
}

// room makes sure that a batch finds the histograms that it needs: where
// memory is short, the least promising of the other buds lose theirs.
func (g *grower) room(open *queue, batch ...*bud) {
	need := 2 * len(batch)
	for g.store.free() < need {
		var worst *bud
		for _, b := range *open {
			if b.holds() && !slices.Contains(batch, b) && (worst == nil || b.best.gain < worst.best.gain) {
				worst = b
			}
		}
		if worst == nil {
			return
		}
		g.drop(worst)
	}
}

// holds tells whether b or its shoots have histograms.
func (b *bud) holds() bool {
	return b.hist != nil || b.shoots != nil && (b.shoots[0].hist != nil || b.shoots[1].hist != nil)
}

// team is who works on a node: one worker, or the whole crew.
type team struct {
	crew   *crew
	worker int
	all    bool
}

// forRows is the team if there are rows enough to share, else one worker.
func (t team) forRows(rows int) team {
	t.all = t.all && rows >= shareRows
	return t
}

// parts calls work for every part of 0..n once.
func (t team) parts(n int, work func(worker, part int)) {
	if t.all {
		t.crew.parts(n, work)
		return
	}
	for part := range n {
		work(t.worker, part)
	}
}

// expand divides b's rows and, if look, finds the best splits of the children.
func (g *grower) expand(b *bud, t team, look bool) {
	f := &g.features[b.best.feature]
	rows, spare := g.order[b.lo:b.hi], g.spare[b.lo:b.hi]
	left := g.divideRows(t, rows, spare, f, &b.best)
	b.shoots = &[2]bud{}
	g.shoots(b, b.lo+left)
	l, r := &b.shoots[0], &b.shoots[1]
	wantLeft, wantRight := look && g.splittable(l), look && g.splittable(r)
	switch {
	case !wantLeft && !wantRight:
		g.store.give(b.hist)
	case b.hist == nil:
		for i, want := range []bool{wantLeft, wantRight} {
			if c := &b.shoots[i]; want {
				c.hist = g.store.take()
				g.sumAndSearch(t, c, nil, true, false)
			}
		}
	case l.rows <= r.rows:
		l.hist, r.hist = g.store.take(), b.hist
		g.sumAndSearch(t, l, r, wantLeft, wantRight)
	default:
		r.hist, l.hist = g.store.take(), b.hist
		g.sumAndSearch(t, r, l, wantRight, wantLeft)
	}
	b.hist = nil
	for i := range b.shoots {
		if c := &b.shoots[i]; c.best.gain <= 0 {
			g.store.give(c.hist)
			c.hist = nil
		}
	}
}

// divideRows moves the rows that go left under s to the front and counts them.
func (g *grower) divideRows(t team, rows, spare []uint32, f *feature, s *split) int {
	if t.all {
		return g.crew.partition(rows, spare, g.columns[f.packed], s.sides(f))
	}
	return partition(rows, spare, g.columns[f.packed], s.sides(f))
}

// shoots sets the children's rows, sums, bounds and chance.
func (g *grower) shoots(b *bud, middle int) {
	l, r := &b.shoots[0], &b.shoots[1]
	*l = bud{node: b.node, lo: b.lo, hi: middle, depth: b.depth + 1, path: portable.Mix(b.path ^ 1)}
	*r = bud{node: b.node, lo: middle, hi: b.hi, depth: b.depth + 1, path: portable.Mix(b.path ^ 2)}
	l.rows, r.rows = l.hi-l.lo, r.hi-r.lo
	l.total, r.total = b.best.left, b.total-b.best.left
	if g.monotone == nil || g.monotone[b.best.feature] == 0 {
		return
	}
	middleValue := float64(g.value(l.total, b.lower, b.upper)/2) + float64(g.value(r.total, b.lower, b.upper)/2)
	if g.monotone[b.best.feature] > 0 {
		l.upper, r.lower = middleValue, middleValue
	} else {
		l.lower, r.upper = middleValue, middleValue
	}
}

// root makes the root's histogram and finds its split.
func (g *grower) root(b *bud) {
	g.sumAndSearch(team{crew: g.crew, all: g.crew.size > 1}.forRows(b.rows), b, nil, true, false)
}

// sumAndSearch makes the histogram of small from its rows and, if there is a
// big one, that of big as the difference: big.hist has their parent's. Then it
// finds the best splits of those that are wanted.
func (g *grower) sumAndSearch(t team, small, big *bud, wantSmall, wantBig bool) {
	g.sum(t, small)
	bests := g.bests
	if !t.all {
		bests = bests[t.worker : t.worker+1]
	}
	clear(bests)
	inSmall, inBig := g.filter(small), g.filter(big)
	t.parts((len(g.cells)+scanned-1)/scanned, func(worker, part int) {
		best := &g.bests[worker]
		for p := part * scanned; p < min((part+1)*scanned, len(g.cells)); p++ {
			if g.idle(p) {
				continue
			}
			own := small.hist[p][:g.cells[p]]
			if g.byRows(t) {
				g.addPrivate(own, p)
			}
			if wantSmall {
				best[0].keep(g.column(own, p, small.node, inSmall))
			}
			if !wantBig {
				continue
			}
			other := big.hist[p][:len(own)]
			for i, v := range own {
				other[i] -= v
			}
			best[1].keep(g.column(other, p, big.node, inBig))
		}
	})
	for _, two := range bests {
		small.best.keep(two[0])
		if big != nil {
			big.best.keep(two[1])
		}
	}
}

// scanned is how many packed columns a worker searches at a time.
const scanned = 4

// byRows tells whether a team shares a histogram by rows, each part of them
// into an own one; with many tiles it shares by tiles.
func (g *grower) byRows(t team) bool { return t.all && len(g.tiles) < 2*g.crew.size }

// sum makes b's histogram. Where the team shares it by rows, the sums of all
// but the first part are left in private.
func (g *grower) sum(t team, b *bud) {
	rows := g.order[b.lo:b.hi]
	if !g.byRows(t) {
		t.parts(len(g.tiles), func(_, i int) { g.sumTile(i, b.hist, rows) })
		return
	}
	n := g.crew.size
	t.parts(n, func(_, part int) {
		h := b.hist
		if part > 0 {
			h = g.private[part-1]
		}
		for i := range g.tiles {
			g.sumTile(i, h, rows[part*len(rows)/n:(part+1)*len(rows)/n])
		}
	})
}

// addPrivate adds what the other workers left of packed column p to own.
func (g *grower) addPrivate(own []sum, p int) {
	for _, h := range g.private {
		for i, v := range h[p][:len(own)] {
			own[i] += v
		}
	}
}

// sumTile makes the part of h that belongs to tile i from the given rows.
func (g *grower) sumTile(i int, h histogram, rows []uint32) {
	t := &g.tiles[i]
	for j := range t.width {
		clear(h[t.first+j][:g.cells[t.first+j]])
	}
	var inUse []bool
	if g.inUse != nil {
		inUse = g.inUse[t.first : t.first+t.width]
	}
	t.accumulate(h[t.first:], rows, g.sums, inUse)
}

// idle tells whether no feature of packed column p is in the tree.
func (g *grower) idle(p int) bool { return g.inUse != nil && !g.inUse[p] }

// filter tells which features to look at in b, nil for all: a part of those in
// the tree, chosen by b's path.
func (g *grower) filter(b *bud) []bool {
	if b == nil || g.boost.NodeColumnFraction == 1 {
		return g.inTree
	}
	return choose(len(g.features), g.boost.NodeColumnFraction, g.inTree, b.path)
}

// choose marks the given part, rounded up, of n things, of those in from (nil:
// all), by chance.
func choose(n int, fraction float64, from []bool, seed uint64) []bool {
	var keys []uint64
	for i := range n {
		if from == nil || from[i] {
			keys = append(keys, portable.Mix(seed^portable.Mix(uint64(i)))&^0xffffffff|uint64(i))
		}
	}
	slices.Sort(keys)
	out := make([]bool, n)
	for _, k := range keys[:int(math.Ceil(fraction*float64(len(keys))))] {
		out[uint32(k)] = true
	}
	return out
}

// sample chooses the features of the next tree.
func (g *grower) sample(seed uint64) {
	g.seed = seed
	if g.boost.ColumnFraction == 1 {
		return
	}
	g.inTree = choose(len(g.features), g.boost.ColumnFraction, nil, seed)
	g.inUse = make([]bool, len(g.cells))
	for i, in := range g.inTree {
		if in {
			g.inUse[g.features[i].packed] = true
		}
	}
}
