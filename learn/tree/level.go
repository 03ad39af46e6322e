package tree

import (
	"math"
	"slices"
)

// leveler searches the splits that all nodes of a level share; one per worker.
type leveler struct {
	*search
	nodes []node
	cells [][]sum // by node: of the packed column, later of one feature
	rest  [][packedMost]sum
	bins  [][packCells]sum
	gains [2][maxBins]float64 // by cut, missing values to the right and to the left
	left  []sum               // by node
}

// load takes the nodes of a level and their cells of packed column p.
func (l *leveler) load(level []*bud, p, cells int) {
	l.nodes, l.cells = l.nodes[:0], l.cells[:0]
	for _, b := range level {
		l.nodes = append(l.nodes, b.node)
		l.cells = append(l.cells, b.hist[p][:cells])
	}
}

// column gives found the best split by every feature of packed column p that
// is in use (by feature; nil: all) and has one.
func (l *leveler) column(p int, inUse []bool, found func(split)) {
	try := func(m int32) {
		if inUse == nil || inUse[m] {
			if s := l.feature(m); s.gain > 0 {
				s.feature = m
				found(s)
			}
		}
	}
	members := l.binned.members[p]
	if len(members) == 1 {
		try(members[0])
		return
	}
	n := len(l.nodes)
	l.rest = slices.Grow(l.rest[:0], n)[:n]
	l.bins = slices.Grow(l.bins[:0], n)[:n]
	size := len(l.cells[0])
	for i, c := range l.cells {
		copy(l.rest[i][:], c)
	}
	for k := len(members) - 1; k >= 0; k-- {
		f := &l.binned.features[members[k]]
		for i := range l.nodes {
			l.cells[i] = l.bins[i][:f.cells]
			unpack(l.rest[i][:size], l.cells[i])
		}
		size = f.stride
		try(members[k])
	}
}

// feature is the best split of the level by one feature, whose cells are in
// l.cells. Its gain is in integer units, its left sum is not set.
func (l *leveler) feature(m int32) split {
	f := &l.binned.features[m]
	if f.kind == set {
		return l.sets(m, f)
	}
	missing := false
	for _, c := range l.cells {
		missing = missing || missingOf(c, f) != 0
	}
	sides := l.gains[:1] // without missing values there is one way
	if missing {
		sides = l.gains[:2]
	}
	var out split
	bar := l.minGain / l.toGain
	for side := range sides {
		gains := sides[side][:f.bins]
		clear(gains)
		for i, n := range l.nodes {
			first := sum(0)
			if side == 1 {
				first = missingOf(l.cells[i], f)
			}
			l.addCuts(gains, l.cells[i], first, n, m)
		}
		for b, gain := range gains {
			if gain > bar {
				out.gain, out.cut, out.missing = gain, uint8(b), side == 1
				bar = above(gain)
			}
		}
	}
	if !missing && out.gain > 0 { // unseen here: to the heavier side
		out.missing = l.heavierLeft(f, &out)
	}
	return out
}

// heavierLeft tells whether more of the level goes left than right under s.
func (l *leveler) heavierLeft(f *feature, s *split) bool {
	left, total := int64(0), int64(0)
	for i, n := range l.nodes {
		total += n.total.hessian()
		for b, v := range l.cells[i] {
			if s.isLeft(f, b) {
				left += v.hessian()
			}
		}
	}
	return 2*left > total
}

// addCuts adds to gains[b] the gain of a node that is divided after bin b:
//
//	for b := range gains {
//		left += bins[b]
//		gains[b] += s.gainIn(n, left, m)
//	}
//
// left is what goes left in any case.
func (s *search) addCuts(gains []float64, bins []sum, left sum, n node, m int32) {
	if s.monotone != nil {
		for b := range gains {
			left += bins[b]
			gains[b] += s.gainIn(n, left, m)
		}
		return
	}
	// The gain is (GL - c HL)² h / (HL HR) - rest, see scan.
	h := float64(n.total.hessian()) + 2*s.l2
	g := float64(n.total.gradient())
	c := g / h
	own := s.own(n)
	rest, floor := own-float64(g*c), float64(own*rounding)
	least := int64(math.Ceil(s.child(n)))
	most := n.total.hessian() - least
	for b := range gains {
		left += bins[b]
		hessian := left.hessian()
		if hessian < least {
			continue
		}
		if hessian > most {
			break
		}
		hl := float64(hessian) + s.l2
		d := float64(left.gradient()) - float64(c*hl)
		if gain := float64(d*d)*h/float64(hl*(h-hl)) - rest; gain > floor {
			gains[b] += gain
		}
	}
}

// rounding is the part of a node's own score that its gain must reach to be
// more than the rounding of floats.
const rounding = 1e-10

// own is the score of a node that is not divided: its squared gradient per
// hessian.
func (s *search) own(n node) float64 { return ratio(n.total, s.l2) }

func ratio(v sum, l2 float64) float64 {
	g := float64(v.gradient())
	return float64(g*g) / max(float64(v.hessian())+l2, 1)
}

// gainIn is what a node gains, in integer units, when left of it goes left by
// a split by feature m. It is 0 where there is no gain, where a child has less
// than its least hessian, or where the children's values are against the
// feature's direction.
func (s *search) gainIn(n node, left sum, m int32) float64 {
	right := n.total - left
	least := s.child(n)
	if float64(left.hessian()) < least || float64(right.hessian()) < least {
		return 0
	}
	own, children := s.own(n), 0.0
	switch {
	case s.binned.features[m].kind == set:
		children = ratio(left, s.setL2) + ratio(right, s.setL2)
	case s.monotone != nil:
		vl, vr := s.value(left, n.lower, n.upper), s.value(right, n.lower, n.upper)
		if d := s.monotone[m]; d > 0 && vl > vr || d < 0 && vl < vr {
			return 0
		}
		own = s.score(n.total, s.value(n.total, n.lower, n.upper))
		children = s.score(left, vl) + s.score(right, vr)
	default:
		children = ratio(left, s.l2) + ratio(right, s.l2)
	}
	if gain := children - own; gain > math.Abs(own)*rounding {
		return gain
	}
	return 0
}

// sets finds the set of levels to go left in all nodes: levels are ordered by
// their smoothed gradient per hessian over that of their node, taken over all
// nodes, and prefixes and suffixes of up to setSize levels are tried. Levels
// with fewer than setRows rows stay right, levels without any go to the heavier
// side. See search.sets.
func (l *leveler) sets(m int32, f *feature) split {
	order, sizes := l.order(f)
	l.left = slices.Grow(l.left[:0], len(l.nodes))[:len(l.nodes)]
	var out split
	size, fromEnd := 0, false
	luck := float64(l.chance * sizes.beyond())
	best := l.minGain/l.toGain + luck
	for _, end := range []bool{false, true} {
		clear(l.left)
		for k := range min(len(order), l.setSize) {
			b := order[k]
			if end {
				b = order[len(order)-1-k]
			}
			gain := 0.0
			for i, n := range l.nodes {
				l.left[i] += l.cells[i][b]
				gain += l.gainIn(n, l.left[i], m)
			}
			if gain > above(best) {
				best, size, fromEnd = gain, k+1, end
				out.gain = gain - luck
			}
		}
	}
	if out.gain == 0 {
		return out
	}
	chosen := order[:size]
	if fromEnd {
		chosen = order[len(order)-size:]
	}
	for _, b := range chosen {
		out.levels.add(int(b))
	}
	if l.heavierLeft(f, &out) {
		for b := range maxBins + 1 {
			if !l.occurs(b) {
				out.levels.add(b)
			}
		}
	}
	out.missing = out.levels.has(f.bins)
	return out
}

// occurs tells whether any node has rows in bin b.
func (l *leveler) occurs(b int) bool {
	for _, c := range l.cells {
		if b < len(c) && c[b] != 0 {
			return true
		}
	}
	return false
}

// order is the bins with rows enough, lowest first, and their sizes.
func (l *leveler) order(f *feature) ([]uint8, levelSizes) {
	var over, mass [maxBins + 1]float64
	rows, hessian := 0, 0.0
	for i, n := range l.nodes {
		rows += n.rows
		hessian += float64(n.total.hessian())
		mean := float64(n.total.gradient()) / max(float64(n.total.hessian()), 1)
		for b, v := range l.cells[i] {
			h := float64(v.hessian())
			over[b] += float64(v.gradient()) - float64(mean*h)
			mass[b] += h
		}
	}
	few := max(1, l.setRows*hessian/float64(max(rows, 1)))
	var out []uint8
	var sizes levelSizes
	for b := range f.cells {
		if mass[b] >= few {
			sizes.add(mass[b])
			over[b] /= mass[b] + l.smooth
			out = append(out, uint8(b))
		}
	}
	slices.SortFunc(out, func(a, b uint8) int {
		switch {
		case over[a] < over[b]:
			return -1
		case over[a] > over[b]:
			return 1
		}
		return int(a) - int(b)
	})
	return out, sizes
}
