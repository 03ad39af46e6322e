package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a two-sided 95 % interval for the true score on the population.
type Interval struct {
	Low, High float64
}

const (
	replicates    = 300
	replicateRows = 4_000 // rows that a replicate draws at most
)

// Intervals are the 95 % intervals of the scores that All gives, by a
// bootstrap over rows, or over groups where the sample has them. Scores that
// are undefined in a tenth of the replicates or more have none. Of large
// samples a replicate draws a part (m out of n) and its spread is scaled by
// √(m/n). Source: Efron and Tibshirani 1993, chapter 13; Bickel, Götze and
// van Zwet 1997.
func Intervals(s Sample, seed uint64) map[Name]Interval {
	out := make(map[Name]Interval)
	n := len(s.Target)
	if n == 0 {
		return out
	}
	units := clusters(s.Group, n)
	draws := max(1, min(len(units), len(units)*replicateRows/n))
	scale := math.Sqrt(float64(draws) / float64(len(units)))
	random := rand.New(rand.NewPCG(seed, 0xb007))
	drawn := make(map[Name][]float64)
	for range replicates {
		var rows []int32
		for range draws {
			rows = append(rows, units[random.IntN(len(units))]...)
		}
		for name, v := range All(s.take(rows)) {
			if !math.IsNaN(v) {
				drawn[name] = append(drawn[name], v)
			}
		}
	}
	for name, value := range All(s) {
		v := drawn[name]
		if math.IsNaN(value) || len(v) < replicates*9/10 {
			continue
		}
		slices.Sort(v)
		middle := v[len(v)/2]
		low, high := v[len(v)*25/1000], v[len(v)-1-len(v)*25/1000]
		out[name] = Interval{
			Low:  math.Min(value, value+(low-middle)*scale),
			High: math.Max(value, value+(high-middle)*scale),
		}
	}
	return out
}
