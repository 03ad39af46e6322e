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
	return Interval{score * least(func(s float64) bool { return quantile(s, 0.975) >= score }),
		score * least(func(s float64) bool { return quantile(s, 0.025) >= score })}
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
	for b, bin := range all {
		if bin.weight == 0 {
			continue
		}
		mean := (bin.claim - bin.hit) / bin.weight
		x := make([]float64, len(v.Target))
		model := 0.0
		v.eachBin(func(c, i int, claim, hit float64) {
			if c == b {
				x[i] = claim - hit - mean
				w := v.weight(i) / v.total
				model += w * w * claim * (1 - claim)
			}
		})
		gap = append(gap, mean*bin.weight/v.total)
		noise = append(noise, max(v.spread(x).se, math.Sqrt(model)))
	}
	return gap, noise
}
