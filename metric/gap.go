package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

const gapDraws = 400 // of the parametric bootstrap of ece

// eceInterval is the interval of ece. The score of a sample is too large:
// noise makes gaps where there are none. So the lower end inverts a parametric
// bootstrap: the true gaps are taken to be s times those that were seen, for a
// common s of 0 or more, a sample's gaps are these with the noise of the bins,
// and the end is the ece of the least s for which the score that was seen is
// not above 97.5 % of samples. It is 0 where the probabilities may well be
// right. The upper end is Student's, from the influence function, less the
// excess that samples have whose true gaps are those that were seen, which is
// less than that of the score.
func (v *view) eceInterval(seed uint64) Interval {
	score := v.score(ECE)
	spread := v.spread(v.influence(ECE))
	if spread.draws < 2 {
		return Interval{math.NaN(), math.NaN()}
	}
	gaps, noise := v.gaps()
	random := rand.New(rand.NewPCG(seed, 0x656365)) // "ece"
	normal := make([]float64, gapDraws*len(gaps))
	for i := range normal {
		normal[i] = random.NormFloat64() * fresh
	}
	sums := make([]float64, gapDraws)
	samples := func(s float64) []float64 {
		for d := range sums {
			sums[d] = 0
			for b, g := range gaps {
				sums[d] += math.Abs(float64(s*g) + float64(noise[b]*normal[d*len(gaps)+b]))
			}
		}
		return sums
	}
	excess := 0.0
	for _, x := range samples(1) {
		excess += (x - score) / gapDraws
	}
	low := score * least(func(s float64) bool {
		sums := samples(s)
		slices.Sort(sums)
		return sums[gapDraws*975/1000] >= score
	})
	return Interval{low, min(score+float64(spread.quantile()*spread.se)-excess, 1)}
}

// least is the smallest s of 0 or more, up to 16, for which ok is true; it is
// true for every larger one.
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
		model[b] += float64(w * w * claim * (1 - claim))
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
		sums[d] += float64(v.weight(int(i)) / v.total * x[i])
	}
	n, square := float64(len(order)), 0.0
	for _, d := range order {
		square += float64(sums[d] * sums[d])
	}
	return square * n / max(n-1, 1)
}
