package tree

import (
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/table"
)

// maxTargets is how many classes at most get target statistics of their own.
const maxTargets = 16

// crossParts is how many parts target statistics are cross-fitted in.
const crossParts = 5

// statistics are the target statistics of one Text column: what stands for
// each level once it is treated as a number.
//
// A level stands for (sum + prior × mean) / (mass + prior), where sum and mass
// are of the targets (or of whether the target is one class) and weights of
// its rows, and mean is that of all rows. For prediction all rows of train
// count. A row of train is learned from with the figures of the rows outside
// its own of five parts, into which the seed divides the rows, so that its
// target never reaches its own features.
//
// Source: Micci-Barreca 2001, A preprocessing scheme for high-cardinality
// categorical attributes; cross fitting as in scikit-learn's TargetEncoder.
// Ordered statistics (Prokhorenkova et al. 2018) were measured, too: clearly
// worse on five tables of business data, since early rows know little.
type statistics struct {
	column *table.Column
	class  int // the class that is counted; -1: the target itself
	prior  float64
	seed   uint64
}

// tally is the sums of one level, or of all, by part.
type tally struct{ sum, mass [crossParts]float64 }

// add adds up the parts but one; -1: all.
func (t *tally) add(without int) (sum, mass float64) {
	for p := range crossParts {
		if p != without {
			sum += t.sum[p]
			mass += t.mass[p]
		}
	}
	return sum, mass
}

// part is the part of row i.
func (s statistics) part(i int) int {
	return int(portable.Mix(s.seed^portable.Mix(uint64(i))) % crossParts)
}

// tallies are the sums of every level, and of all rows of train.
func (s statistics) tallies(d *data) (levels []tally, all tally) {
	levels = make([]tally, len(s.column.Levels))
	for i := range d.train {
		y, w := d.target[i], weightOf(d.weight, i)
		if s.class >= 0 && int(y) != s.class {
			y = 0
		} else if s.class >= 0 {
			y = 1
		}
		p := s.part(i)
		all.sum[p] += float64(w * y)
		all.mass[p] += w
		if c := s.column.Code[d.row(i)]; c >= 0 {
			levels[c].sum[p] += float64(w * y)
			levels[c].mass[p] += w
		}
	}
	return levels, all
}

// figure is what stands for a level without one part; -1: with all.
func (s statistics) figure(level, all *tally, without int) float64 {
	total, mass := all.add(without)
	mean := total / max(mass, math.SmallestNonzeroFloat64)
	sum, rows := level.add(without)
	return (sum + float64(s.prior*mean)) / (rows + s.prior)
}

// table is the figure of every level; NaN for a level without rows in train.
func (s statistics) table(d *data, bin []int16) []float64 {
	levels, all := s.tallies(d)
	out := make([]float64, len(levels))
	for c := range out {
		if out[c] = s.figure(&levels[c], &all, -1); bin[c] == noBin {
			out[c] = math.NaN()
		}
	}
	return out
}

// crossFitted is the figure of each row of train without its part; NaN where
// the row's level is missing.
func (s statistics) crossFitted(d *data) []float64 {
	levels, all := s.tallies(d)
	out := make([]float64, d.train)
	for i := range out {
		if c := s.column.Code[d.row(i)]; c >= 0 {
			out[i] = s.figure(&levels[c], &all, s.part(i))
		} else {
			out[i] = math.NaN()
		}
	}
	return out
}

// targetsOf lists the classes to make target statistics for: -1 alone for
// regression, 1 for binary, and the most frequent ones for multiclass.
func targetsOf(d *data) []int {
	switch d.task {
	case learn.Regression:
		return []int{-1}
	case learn.Binary:
		return []int{1}
	}
	counts := make([]int, d.classes)
	for _, y := range d.target[:d.train] {
		counts[int(y)]++
	}
	var out []int
	for c := range counts {
		rank := 0
		for o := range counts {
			if counts[o] > counts[c] || counts[o] == counts[c] && o < c {
				rank++
			}
		}
		if rank < maxTargets {
			out = append(out, c)
		}
	}
	return out
}

// setBins gives levels a bin each, in their order; noBin for levels that do
// not occur in train. The second result is the number of levels that do. Where
// there are more than maxBins, the most frequent get one each and the others
// share the last.
func setBins(d *data, column *table.Column) (bin []int16, levels int) {
	rows := make([]int, len(column.Levels))
	for i := range d.train {
		if c := column.Code[d.row(i)]; c >= 0 {
			rows[c]++
		}
	}
	bin = make([]int16, len(rows))
	var order []int
	for c, n := range rows {
		if bin[c] = noBin; n > 0 {
			order = append(order, c)
		}
	}
	levels = len(order)
	if levels > maxBins {
		slices.SortStableFunc(order, func(a, b int) int { return rows[b] - rows[a] })
		for _, c := range order[maxBins-1:] {
			bin[c] = maxBins - 1
		}
		order = order[:maxBins-1]
		slices.Sort(order)
	}
	for b, c := range order {
		bin[c] = int16(b)
	}
	return bin, levels
}

// noBin is the bin of a level that does not occur in train.
const noBin = -1
