package metric

import (
	"math"
	"slices"
)

const (
	tailShare = 4    // the tail is the largest 1 / tailShare of the losses, and
	mostTail  = 500  // at most so many
	leastTail = 10   // and at least
	heaviest  = 0.88 // shape of the tail; with 1 there is no mean
)

// tailUpper is the upper end of an interval for the mean of losses x, 0 or
// more, of which a sample may lack the largest: those of the tail are taken to
// follow a generalised Pareto distribution, whose mean is as large as its
// profile likelihood lets it be with q standard errors of a normal. It is NaN
// for too few losses. Sources: Johansson 2003, Extremes 6 (the mean of a body
// and a fitted tail); Coles 2001, An Introduction to Statistical Modeling of
// Extreme Values, section 4.3 (the profile likelihood).
func tailUpper(x []float64, q float64) float64 {
	n := len(x)
	k := min(n/tailShare, mostTail)
	if k < leastTail {
		return math.NaN()
	}
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	start := sorted[n-k-1]
	excess := make([]float64, k)
	mean := 0.0
	for i := range excess {
		excess[i] = sorted[n-k+i] - start
		mean += excess[i] / float64(k)
	}
	if !(mean > 0) {
		return math.NaN()
	}
	// The likelihood rises to its top and falls: so its top is between two
	// neighbours of the best of a grid, and what is as likely as q allows is
	// above it.
	top, at := math.Inf(-1), mean
	for m := mean / 2; m < 8*mean; m *= 1.1 {
		if l := tailLikelihood(excess, m); l > top {
			top, at = l, m
		}
	}
	low, high := at, 1000*mean
	for range 40 {
		if middle := math.Sqrt(low * high); tailLikelihood(excess, middle) >= top-float64(q*q/2) {
			low = middle
		} else {
			high = middle
		}
	}
	body, square := float64(k)*start, float64(k)*start*start
	for _, v := range sorted[:n-k] {
		body += v
		square += float64(v * v)
	}
	body /= float64(n)
	share := float64(k) / float64(n)
	arm := share * max(0, low-mean)
	spread := (square/float64(n) - float64(body*body)) / float64(n)
	return body + float64(share*mean) + math.Sqrt(float64(arm*arm)+float64(q*q*max(0, spread)))
}

// tailLikelihood is the log-likelihood of the excesses under the generalised
// Pareto distribution with the mean m whose shape, from 0 to heaviest, suits
// them best.
func tailLikelihood(excess []float64, m float64) float64 {
	best := math.Inf(-1)
	for step := range 18 {
		shape := heaviest * float64(step) / 17
		scale := m * (1 - shape)
		sum := -float64(len(excess)) * math.Log(scale)
		for _, e := range excess {
			if step == 0 {
				sum -= e / scale
			} else {
				sum -= float64((1/shape + 1) * math.Log1p(shape*e/scale))
			}
		}
		best = max(best, sum)
	}
	return best
}

// squaredUpper is the upper end of an interval for the mean squared error, as
// a multiple of that of the sample; NaN where there is none.
func (v *view) squaredUpper(q float64) float64 {
	squares := make([]float64, len(v.Target))
	for i, y := range v.Target {
		e := v.Prediction[i] - y
		squares[i] = e * e
	}
	draws := v.perDraw(squares)
	sum := 0.0
	for _, d := range draws {
		sum += d
	}
	return tailUpper(draws, q) * float64(len(draws)) / sum
}
