package metric

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Proportion is a share of rows with its two-sided 95 % interval for the
// share in the population.
type Proportion struct {
	Value float64
	Interval

	// Draws is how many independent rows the rows are worth: their number, or
	// fewer where rows of one group are alike.
	Draws float64
}

// ProportionOf is the share of rows whose hit is 1, not 0. Rows with the same
// group (nil: every row by itself) count as one draw as far as they are alike.
// Its interval is exact for independent rows (Clopper & Pearson 1934,
// Biometrika 26); with groups it is that of as many rows as the spread between
// the groups is worth (Korn & Graubard 1998, Survey Methodology 24). All is
// NaN for no rows.
func ProportionOf(hit []float64, group []int32) Proportion {
	v := view{Sample: Sample{Target: hit, Group: group}, total: float64(len(hit))}
	p := 0.0
	for _, h := range hit {
		p += h
	}
	p /= v.total
	out := Proportion{Value: p, Interval: Interval{math.NaN(), math.NaN()}, Draws: v.total}
	if len(hit) == 0 {
		out.Value = math.NaN()
		return out
	}
	if group != nil {
		out.Draws = v.worth(p)
	}
	out.Interval = clopperPearson(p, out.Draws)
	return out
}

// worth is the number of independent rows with the same standard error of p,
// less what the error of its own estimate takes.
func (v *view) worth(p float64) float64 {
	s := v.spread(v.deviations(p, func(i int) float64 { return v.Target[i] }))
	if s.draws < 2 || s.se == 0 {
		return v.draws(nil)
	}
	n := p * (1 - p) / (s.se * s.se) * math.Pow(z*fresh/s.quantile(), 2)
	return max(1, min(n, v.total))
}

// clopperPearson is the interval of a share p of n draws; n may be a fraction.
func clopperPearson(p, n float64) Interval {
	hits, i := float64(p*n), Interval{0, 1}
	if hits > 1e-9 {
		i.Low = min(p, distuv.Beta{Alpha: hits, Beta: n - hits + 1}.Quantile(0.025))
	}
	if n-hits > 1e-9 {
		i.High = max(p, distuv.Beta{Alpha: hits + 1, Beta: n - hits}.Quantile(0.975))
	}
	return i
}

// Differ is how probable shares of disjoint rows are that differ by at least
// as much, where those of the population do not: Fisher's exact test, twice
// the smaller tail, on the rows that the proportions are worth. It is 1 where
// nothing can be told.
func (p Proportion) Differ(other Proportion) float64 {
	n, m := math.Round(p.Draws), math.Round(other.Draws)
	if !(n >= 1 && m >= 1) {
		return 1
	}
	hits := math.Round(p.Value * n)
	all := hits + math.Round(other.Value*m)
	lower, upper := 0.0, 0.0
	base := choose(n+m, all)
	for k := max(0, all-m); k <= min(n, all); k++ {
		q := math.Exp(choose(n, k) + choose(m, all-k) - base)
		if k <= hits {
			lower += q
		}
		if k >= hits {
			upper += q
		}
	}
	return min(1, 2*min(lower, upper))
}

// choose is the logarithm of n over k.
func choose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}
