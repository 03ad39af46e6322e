package tree

import (
	"math"

	"github.com/septet-ml/septet/learn/portable"
)

// maxSymmetric is how many levels a symmetric tree may have.
const maxSymmetric = 8

// twins are the children of a node whose histograms are to be made: small's is
// summed from its rows; big has its parent's, from which small's is taken away.
// big is nil where none is wanted, and for the root.
type twins struct{ small, big *bud }

// symmetric grows a tree of the rows in order whose nodes of one level share
// their split: the one with the largest sum of gains over the nodes. A node
// that the split would give too small a child or no gain is passed on whole to
// the next level. The tree is valid until the next call.
//
// Such trees are poorer than those that grow leaf by leaf and so err in other
// ways: the two together are better than either.
// Source: Prokhorenkova et al. 2018, CatBoost; Kohavi and Li 1995, Oblivious
// decision trees, graphs, and top-down pruning.
func (g *grower) symmetric(root *bud) {
	var level []*bud
	var pairs []twins
	if g.splittable(root) {
		root.hist = g.store.take()
		level, pairs = []*bud{root}, []twins{{small: root}}
	}
	last := g.levels() - 1
	for depth := 0; depth <= last && len(level) > 0; depth++ {
		g.sumPairs(pairs)
		best := g.shared(level, pairs, depth)
		for _, two := range pairs {
			if !g.splittable(two.small) {
				g.drop(two.small)
			}
		}
		if best.gain == 0 {
			break
		}
		level, pairs = g.divideLevel(level, best.split, depth < last)
	}
	for _, b := range level {
		g.drop(b)
	}
}

// levels is how many levels a tree has at most: those asked for, or fewer where
// the table is so wide that a histogram per node would not fit into the store.
func (g *grower) levels() int {
	n := g.boost.Symmetric
	for n > 1 && 1<<(n-1) > g.store.most {
		n--
	}
	return n
}

// each calls work for 0..n: side by side where there is enough for all
// workers, otherwise one after another with the whole crew for each.
func (g *grower) each(n int, work func(i int, t team)) {
	if g.crew.size > 1 && n < 2*g.crew.size {
		for i := range n {
			work(i, team{crew: g.crew, all: true})
		}
		return
	}
	g.crew.parts(n, func(worker, i int) { work(i, team{crew: g.crew, worker: worker}) })
}

// sumPairs makes the histograms of the small ones.
func (g *grower) sumPairs(pairs []twins) {
	g.each(len(pairs), func(i int, t team) {
		b := pairs[i].small
		t = t.forRows(b.rows)
		g.sum(t, b)
		if !g.byRows(t) {
			return
		}
		t.parts(len(g.cells), func(_, p int) { g.addPrivate(b.hist[p][:g.cells[p]], p) })
	})
}

// divideLevel gives the nodes of a level their share of the split. It returns
// those that may be split further, in the order of their numbers, and the
// pairs of them; none where look is false.
func (g *grower) divideLevel(level []*bud, s split, look bool) (next []*bud, pairs []twins) {
	f := &g.features[s.feature]
	for _, b := range level {
		b.best = s
		b.best.left = leftOf(b.hist[f.packed][:g.cells[f.packed]], f, &s)
		b.best.gain = g.gainIn(b.node, b.best.left, s.feature) * g.toGain
	}
	g.each(len(level), func(i int, t team) {
		b := level[i]
		if b.best.gain == 0 {
			return
		}
		left := g.divideRows(t.forRows(b.rows), g.order[b.lo:b.hi], g.spare[b.lo:b.hi], f, &b.best)
		b.shoots = &[2]bud{}
		g.shoots(b, b.lo+left)
	})
	for _, b := range level {
		if b.best.gain == 0 {
			next = append(next, b)
			continue
		}
		g.tree.split(b)
		small, big := &b.shoots[0], &b.shoots[1]
		if big.rows < small.rows {
			small, big = big, small
		}
		inSmall, inBig := look && g.splittable(small), look && g.splittable(big)
		if !inSmall && !inBig {
			g.store.give(b.hist)
			b.hist = nil
			continue
		}
		small.hist, big.hist, b.hist = g.store.take(), b.hist, nil
		if inSmall {
			next = append(next, small)
		}
		if inBig {
			next = append(next, big)
			pairs = append(pairs, twins{small, big})
		} else {
			pairs = append(pairs, twins{small: small})
			g.drop(big)
		}
	}
	return next, pairs
}

// leftOf is the sum of the rows that go left under s; c has the cells of f's
// packed column.
func leftOf(c []sum, f *feature, s *split) sum {
	left := sum(0)
	for p, v := range c {
		if v != 0 && s.isLeft(f, p/f.stride%f.cells) {
			left += v
		}
	}
	return left
}

// shared finishes the histograms of a level and finds its split; its gain is
// the sum of the nodes', 0 where there is none.
func (g *grower) shared(level []*bud, pairs []twins, depth int) ranked {
	for len(g.levelers) < g.crew.size {
		g.levelers = append(g.levelers, leveler{search: &g.search})
	}
	chance := portable.Mix(g.seed ^ portable.Mix(uint64(depth)))
	inUse := g.filter(&bud{path: chance})
	own := 0.0
	for _, b := range level {
		own += g.own(b.node)
	}
	bests := make([]ranked, g.crew.size)
	g.crew.blocks(len(g.cells), scanned, func(worker, lo, hi int) {
		l := &g.levelers[worker]
		for p := lo; p < hi; p++ {
			if g.idle(p) {
				continue
			}
			for _, two := range pairs {
				if two.big != nil {
					subtract(two.big.hist[p][:g.cells[p]], two.small.hist[p][:g.cells[p]])
				}
			}
			l.load(level, p, g.cells[p])
			l.column(p, inUse, func(s split) {
				r := ranked{s, s.gain}
				if g.noise > 0 {
					r.rank = math.Sqrt(own+s.gain) + float64(g.noise*normal(portable.Mix(chance^portable.Mix(uint64(s.feature)))))
				}
				bests[worker].keep(r)
			})
		}
	})
	for _, r := range bests[1:] {
		bests[0].keep(r)
	}
	return bests[0]
}

func subtract(from, what []sum) {
	for i, v := range what {
		from[i] -= v
	}
}

// ranked is a split of a level and what it is chosen by: the gain, or the
// square root of what the level explains with it, shifted by chance.
type ranked struct {
	split
	rank float64
}

// keep replaces r by o if o is a split and comes before r: by rank, then by
// feature.
func (r *ranked) keep(o ranked) {
	if o.gain == 0 {
		return
	}
	if r.gain == 0 || o.rank > r.rank || o.rank == r.rank && o.feature < r.feature {
		*r = o
	}
}

// root3 is one over the deviation of the sum of four numbers that lie evenly in
// 0..1.
const root3 = 1.7320508075688772

// normal is a number from a distribution near the normal one of mean 0 and
// deviation 1: the sum of four even ones, made of the bits of x.
func normal(x uint64) float64 {
	total := 0.0
	for range 4 {
		total += float64(x&0xffff) + 0.5
		x >>= 16
	}
	return (float64(total/(1<<16)) - 2) * root3
}
