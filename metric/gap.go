package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

const gapDraws = 400 // of the parametric bootstrap of ece

// eceInterval is the interval of ece by the inversion of a parametric
// bootstrap. The score of a sample is too large: noise makes gaps where there
// are none. So the true gaps are taken to be s times those that were seen, for
// a common s of 0 or more; a sample's gaps are these with the noise of the
// bins. The interval is the ece of all s for which the score that was seen
// lies in the middle 95 % of samples. It begins at 0 where the probabilities
// may well be right.
func (v *view) eceInterval(seed uint64) Interval {
	gaps, noise := v.gaps()
	score := v.score(ECE)
	if v.draws(nil) < 2 {
		return Interval{math.NaN(), math.NaN()}
	}
	random := rand.New(rand.NewPCG(seed, 0x656365)) // "ece"
	normal := make([]float64, gapDraws*len(gaps))
	for i := range normal {
		normal[i] = random.NormFloat64() * fresh
	}
	quantile := func(s, q float64) float64 {
		sums := make([]float64, gapDraws)
		for d := range sums {
			for b, g := range gaps {
				sums[d] += math.Abs(s*g + noise[b]*normal[d*len(gaps)+b])
			}
		}
		slices.Sort(sums)
		return sums[int(q*(gapDraws-1)+0.5)]
	}
	return Interval{
		score * least(func(s float64) bool { return quantile(s, 0.975) >= score }),
		score * least(func(s float64) bool { return quantile(s, 0.025) >= score }),
	}
}

// least is the smallest s of 0 or more, up to 16, for which ok, which is true
// above it, is true.
func least(ok func(s float64) bool) float64 {
	if ok(0) {
		return 0
	}
	low, high := 0.0, 1.0
	for !ok(high) && high < 16 {
		low, high = high, 2*high
	}
	for range 20 {
		if middle := (low + high) / 2; ok(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// gaps is, for each bin that has rows, (claim - hit) over the weight of all,
// and its standard error: the larger one of what the rows show and of what
// they would show if the claims were true.
func (v *view) gaps() (gap, noise []float64) {
	all := v.calibration()
	off := make([]float64, len(v.Target)) // claim - hit - mean of the bin
	model := make([]float64, bins)
	rows := make([][]int32, bins)
	v.eachBin(func(b, i int, claim, hit float64) {
		w := v.weight(i) / v.total
		off[i] = claim - hit - (all[b].claim-all[b].hit)/all[b].weight
		model[b] += w * w * claim * (1 - claim)
		rows[b] = append(rows[b], int32(i))
	})
	for b, bin := range all {
		if bin.weight > 0 {
			gap = append(gap, (bin.claim-bin.hit)/v.total)
			noise = append(noise, math.Sqrt(max(v.variance(off, rows[b]), model[b])))
		}
	}
	return gap, noise
}

// variance is that of Σ weight × x / Σ weight of all rows, over the given
// rows, where x has mean 0 over them.
func (v *view) variance(x []float64, rows []int32) float64 {
	sums := make(map[int32]float64, len(rows))
	var order []int32 // so that the sum below has one order
	for _, i := range rows {
		d := i
		if v.Group != nil {
			d = v.Group[i]
		}
		if _, seen := sums[d]; !seen {
			order = append(order, d)
		}
		sums[d] += v.weight(int(i)) / v.total * x[i]
	}
	n, square := float64(len(order)), 0.0
	for _, d := range order {
		square += sums[d] * sums[d]
	}
	return square * n / max(n-1, 1)
}
