package tree

import (
	"math"
	"slices"
)

// split is a way to divide a node's rows. The zero value is no split.
type split struct {
	gain    float64 // fall in twice the loss, in squared units; above 0 for a split
	feature int32
	cut     uint8 // number, target: bins 0..cut go left
	missing bool  // missing values go left
	levels  Set   // set: the bins that go left, missing's too
	left    sum
}

// better tells whether s comes before o: by gain, then by feature.
func (s split) better(o split) bool {
	return s.gain > o.gain || s.gain == o.gain && s.feature < o.feature
}

// search finds splits. Its figures are of one tree: integer units.
type search struct {
	binned   *binned
	l2       float64 // in units of hessian
	setL2    float64 // l2 and what a set split has on top
	smooth   float64
	least    float64 // units of hessian in a child at least
	minRows  float64
	setRows  float64
	setSize  int
	chance   float64 // taken off a set's gain for each level, see levelSizes.beyond; in integer units
	minGain  float64 // in units
	toGain   float64 // squared gradient units per hessian unit, to gain
	monotone []int8  // by feature; nil: none
	step     float64 // units of hessian per unit of gradient: leaf = -step × gradient / hessian
}

// node is what a search knows of the node to split.
type node struct {
	total        sum
	rows         int
	lower, upper float64 // bounds of its leaves' values before the learning rate, for monotone columns
}

func (n node) hessianPerRow() float64 {
	return float64(n.total.hessian()) / float64(max(n.rows, 1))
}

// child is the least hessian of a child: s.least, and that of minRows rows by
// the node's mean. Where every row's hessian is 1 this counts rows exactly.
func (s *search) child(n node) float64 {
	return max(1, s.least, s.minRows*n.hessianPerRow())
}

// keep replaces s by o if o is a split and better.
func (s *split) keep(o split) {
	if o.gain > 0 && (s.gain == 0 || o.better(*s)) {
		*s = o
	}
}

// column is the best split by any feature of a packed column, of those in use
// (by feature; nil: all). c has the column's cells in the node.
func (s *search) column(c []sum, packed int, n node, inUse []bool) split {
	var best split
	members := s.binned.members[packed]
	if len(members) == 1 {
		if inUse == nil || inUse[members[0]] {
			best.keep(s.feature(c, members[0], n))
		}
		return best
	}
	var copied [packedMost]sum
	rest := copied[:copy(copied[:], c)]
	for i := len(members) - 1; i >= 0; i-- {
		f := &s.binned.features[members[i]]
		var bins [packCells]sum
		unpack(rest, bins[:f.cells])
		rest = rest[:f.stride]
		if inUse == nil || inUse[members[i]] {
			best.keep(s.feature(bins[:f.cells], members[i], n))
		}
	}
	return best
}

// unpack sums c by its highest digit, which takes len(out) values, into out,
// and by its lower digits into the front of c:
//
//	for p, v := range c {
//		out[p/stride] += v
//		low[p%stride] += v
//	}
//
// where stride is len(c) / len(out), and low is copied to the front of c.
func unpack(c, out []sum) {
	stride := len(c) / len(out)
	low := c[:stride]
	for digit := range out {
		total := sum(0)
		for j, v := range c[digit*stride : (digit+1)*stride] {
			total += v
			if digit > 0 {
				low[j] += v
			}
		}
		out[digit] = total
	}
}

// feature is the best split by one feature; bins has its cells.
func (s *search) feature(bins []sum, m int32, n node) split {
	f := &s.binned.features[m]
	var out split
	switch {
	case f.kind == set:
		out = s.sets(bins, f.bins, n)
	case s.monotone != nil:
		out = s.bounded(bins[:f.bins], missingOf(bins, f), s.monotone[m], n)
	default:
		out = s.cuts(bins[:f.bins], missingOf(bins, f), n)
	}
	out.feature = m
	return out
}

func missingOf(bins []sum, f *feature) sum {
	if f.hasMissing() {
		return bins[f.bins]
	}
	return 0
}

// gainOver turns the best sum of squared gradients per hessian of two
// children into the gain over the node; 0 if it is not enough.
func (s *search) gainOver(children float64, n node) float64 {
	g, h := float64(n.total.gradient()), float64(n.total.hessian())+s.l2
	own := float64(g*g) / max(h, 1)
	if !(children > own*(1+1e-10)) {
		return 0
	}
	gain := (children - own) * s.toGain
	if !(gain > s.minGain) {
		return 0
	}
	return gain
}

// cuts finds the cut with the largest
//
//	GL²/(HL+l2) + GR²/(HR+l2)
//
// where left are bins 0..cut, with the missing values on either side in turn,
// and both children have their least hessian. Of equal ones it takes the
// first; missing values go right before they go left.
func (s *search) cuts(bins []sum, missing sum, n node) split {
	var out split
	least := int64(math.Ceil(s.child(n)))
	values := bins // the last cut divides values from missing
	if missing == 0 {
		values = bins[:len(bins)-1]
	}
	best, cut, left := s.scan(values, 0, n.total, least, 0)
	if missing != 0 {
		other, otherCut, otherLeft := s.scan(bins[:len(bins)-1], missing, n.total, least, best)
		if other > best {
			best, cut, left = other, otherCut, otherLeft
			out.missing = true
		}
	}
	g, h := float64(n.total.gradient()), float64(n.total.hessian())+2*s.l2
	if out.gain = s.gainOver(float64(best*h)+float64(g*g)/h, n); best == 0 || out.gain == 0 {
		return split{}
	}
	out.cut, out.left = uint8(cut), left
	if missing == 0 { // unseen here: to the heavier child
		out.missing = 2*out.left.hessian() > n.total.hessian()
	}
	return out
}

// scan finds the first cut with the largest value over best, where left starts
// with what goes left in any case. The value is, with l2 within HL and HR,
//
//	(GL - c HL)² / (HL HR), c = (GL+GR) / (HL+HR)
//
// which is (GL²/HL + GR²/HR - (GL+GR)²/(HL+HR)) / (HL+HR) in fewer steps.
// Fractions are compared by cross multiplication: a division takes longer than
// all the rest.
func (s *search) scan(bins []sum, left, total sum, least int64, best float64) (value float64, cut int, at sum) {
	b := 0
	for ; b < len(bins); b++ {
		left += bins[b]
		if left.hessian() >= least {
			left -= bins[b]
			break
		}
	}
	h := float64(total.hessian()) + 2*s.l2
	c := float64(total.gradient()) / h
	most := total.hessian() - least
	bar := best
	for _, v := range bins[b:] {
		left += v
		if left.hessian() > most {
			break
		}
		hl := float64(left.hessian()) + s.l2
		d := float64(left.gradient()) - float64(c*hl)
		over := float64(hl * (h - hl))
		if d *= d; d > float64(bar*over) {
			best, cut, at = d/over, b, left
			bar = above(best)
		}
		b++
	}
	return best, cut, at
}

// above is what a gain must exceed to be more than best by more than rounding.
func above(best float64) float64 { return best + float64(best*1e-12) }

// sets finds the set of levels to go left: levels are ordered by gradient over
// smoothed hessian, and prefixes and suffixes of up to setSize levels are
// tried. Levels with fewer than setRows rows in the node stay right, levels
// without any go with the heavier child. What many levels gain by chance is
// taken off. missing is the number of missing's bin,
// which is one more level. Source: Fisher 1958, On grouping for
// maximum homogeneity; smoothing after LightGBM.
func (s *search) sets(bins []sum, missing int, n node) split {
	var order [maxBins + 1]uint8
	var ratio [maxBins + 1]float64
	few := max(1, s.setRows*n.hessianPerRow())
	used := 0
	var sizes levelSizes
	for b, v := range bins {
		if h := float64(v.hessian()); v != 0 && h >= few {
			order[used] = uint8(b)
			used++
			ratio[b] = float64(v.gradient()) / (h + s.smooth)
			sizes.add(h)
		}
	}
	slices.SortFunc(order[:used], func(a, b uint8) int {
		switch {
		case ratio[a] < ratio[b]:
			return -1
		case ratio[a] > ratio[b]:
			return 1
		}
		return int(a) - int(b)
	})
	best, size, fromEnd := s.bestSet(bins, order[:used], n)
	best -= float64(s.chance * sizes.beyond())
	out := split{gain: s.gainOver(best, n)}
	if out.gain == 0 {
		return split{}
	}
	chosen := order[:size]
	if fromEnd {
		chosen = order[used-size : used]
	}
	for _, b := range chosen {
		out.left += bins[b]
		out.levels.add(int(b))
	}
	if 2*out.left.hessian() > n.total.hessian() {
		for b := range maxBins + 1 {
			if b >= len(bins) || bins[b] == 0 {
				out.levels.add(b)
			}
		}
	}
	out.missing = out.levels.has(missing)
	return out
}

// levelSizes are the hessians of the levels that a set may divide.
type levelSizes struct{ roots, total float64 }

func (l *levelSizes) add(hessian float64) {
	l.roots += math.Sqrt(hessian)
	l.total += hessian
}

// beyond is the number of levels, those of unequal size counted as equal ones
// that differ as much by chance, beyond the seven by which the best of a
// number's many cuts differs.
func (l *levelSizes) beyond() float64 {
	const free = 7
	return max(float64(l.roots*l.roots)/max(l.total, 1)-free, 0)
}

// bestSet tries the first and the last levels of order as the left child.
func (s *search) bestSet(bins []sum, order []uint8, n node) (best float64, size int, fromEnd bool) {
	least := s.child(n)
	for _, end := range []bool{false, true} {
		left := sum(0)
		for k := range min(len(order), s.setSize) {
			b := order[k]
			if end {
				b = order[len(order)-1-k]
			}
			left += bins[b]
			right := n.total - left
			hl, hr := float64(left.hessian()), float64(right.hessian())
			if hl < least || hr < least {
				continue
			}
			gl, gr := float64(left.gradient()), float64(right.gradient())
			value := float64(gl*gl)/(hl+s.setL2) + float64(gr*gr)/(hr+s.setL2)
			if value > best {
				best, size, fromEnd = value, k+1, end
			}
		}
	}
	return best, size, fromEnd
}

// value is a node's leaf before the learning rate, within its bounds.
func (s *search) value(total sum, lower, upper float64) float64 {
	h := float64(total.hessian()) + s.l2
	if h <= 0 {
		return min(max(0, lower), upper)
	}
	return min(max(-s.step*float64(total.gradient())/h, lower), upper)
}

// score is twice the fall in loss of a leaf with the given value, in the
// units of cuts.
func (s *search) score(total sum, value float64) float64 {
	v := value / s.step
	g, h := float64(total.gradient()), float64(total.hessian())+s.l2
	return -float64(2*float64(g*v)) - float64(float64(h*v)*v)
}

// bounded is cuts under bounds: children's values are held within the node's,
// and a cut that orders them against direction (+1 or -1) is left out.
func (s *search) bounded(bins []sum, missing sum, direction int8, n node) split {
	var out split
	best := math.Inf(-1)
	least := s.child(n)
	pass := func(left sum, bins []sum, missingLeft bool) {
		for b, v := range bins {
			left += v
			right := n.total - left
			if v == 0 || float64(left.hessian()) < least || float64(right.hessian()) < least {
				continue
			}
			vl, vr := s.value(left, n.lower, n.upper), s.value(right, n.lower, n.upper)
			if direction > 0 && vl > vr || direction < 0 && vl < vr {
				continue
			}
			if value := s.score(left, vl) + s.score(right, vr); value > best {
				best = value
				out.cut, out.missing, out.left = uint8(b), missingLeft, left
			}
		}
	}
	if missing == 0 {
		pass(0, bins[:len(bins)-1], false)
	} else {
		pass(0, bins, false)
		pass(missing, bins[:len(bins)-1], true)
	}
	own := s.score(n.total, s.value(n.total, n.lower, n.upper))
	out.gain = (best - own) * s.toGain
	if !(best > own+float64(math.Abs(own)*1e-10)) || !(out.gain > s.minGain) {
		return split{}
	}
	if missing == 0 {
		out.missing = 2*out.left.hessian() > n.total.hessian()
	}
	return out
}

// isLeft tells where a bin of feature f goes.
func (s *split) isLeft(f *feature, bin int) bool {
	switch {
	case f.kind == set:
		return s.levels.has(bin)
	case bin == f.bins:
		return s.missing
	}
	return bin <= int(s.cut)
}
