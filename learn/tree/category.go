package tree

import (
	"math"
	"math/bits"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// maxTargets is how many classes at most get target statistics of their own.
const maxTargets = 16

// permutation is the numbers 0..n in an order that depends on the seed only.
func permutation(n int, seed uint64) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	for i := n - 1; i > 0; i-- {
		seed = mix(seed)
		j, _ := bits.Mul64(seed, uint64(i)+1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// statistics are the target statistics of one Text column: what stands for
// each level once it is treated as a number.
//
// A level stands for (sum + prior × mean) / (rows + prior), where sum and rows
// are of the level's targets (or of whether the target is one class). When a
// row is learned from, only rows before it in a seeded permutation count, and
// the mean is of those rows alone, so that its own target never reaches its
// own features. Afterwards table holds the figures over all rows of train.
// Source: Prokhorenkova et al. 2018, CatBoost, section 3.
type statistics struct {
	column *table.Column
	class  int // the class that is counted; -1: the target itself
	prior  float64
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

func (s statistics) target(d *data, i int) float64 {
	y := d.target[i]
	if s.class < 0 {
		return y
	}
	if int(y) == s.class {
		return 1
	}
	return 0
}

// table is the figure of every level over the rows of train; NaN for a level
// that does not occur there.
func (s statistics) table(d *data) []float64 {
	sums := make([]float64, len(s.column.Levels))
	rows := make([]float64, len(sums))
	mean := 0.0
	for i := range d.train {
		y := s.target(d, i)
		mean += y
		if c := s.column.Code[d.row(i)]; c >= 0 {
			sums[c] += y
			rows[c]++
		}
	}
	mean /= float64(d.train)
	for c := range sums {
		if rows[c] == 0 {
			sums[c] = math.NaN()
			continue
		}
		sums[c] = (sums[c] + float64(s.prior*mean)) / (rows[c] + s.prior)
	}
	return sums
}

// ordered is the figure of each row of train from the rows before it in
// order; NaN where the row's level is missing.
func (s statistics) ordered(d *data, order []int32) []float64 {
	sums := make([]float64, len(s.column.Levels))
	rows := make([]float64, len(sums))
	out := make([]float64, d.train)
	total := 0.0
	for done, i := range order {
		y := s.target(d, int(i))
		mean := 0.0
		if done > 0 {
			mean = total / float64(done)
		}
		total += y
		c := s.column.Code[d.row(int(i))]
		if c < 0 {
			out[i] = math.NaN()
			continue
		}
		out[i] = (sums[c] + float64(s.prior*mean)) / (rows[c] + s.prior)
		sums[c] += y
		rows[c]++
	}
	return out
}

// setBins gives the levels that occur in train a bin each, in their order;
// noBin for the others. The second result is the number of bins.
func setBins(d *data, column *table.Column) ([]int16, int) {
	out := make([]int16, len(column.Levels))
	for c := range out {
		out[c] = noBin
	}
	for i := range d.train {
		if c := column.Code[d.row(i)]; c >= 0 {
			out[c] = 0
		}
	}
	n := 0
	for c := range out {
		if out[c] != noBin {
			out[c] = int16(min(n, math.MaxInt16))
			n++
		}
	}
	return out, n
}

// noBin is the bin of a level that does not occur in train.
const noBin = -1
