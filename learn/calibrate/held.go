package calibrate

import "math"

// HeldBand is where, with the given confidence, the share of rows fresh rows lies
// whose truth a predictor of the given coverage holds that was fitted on fitted
// rows like them: the number of those held is beta-binomial. Sources: Vovk 2012, Asian
// Conference on Machine Learning; Angelopoulos & Bates 2023, Foundations and
// Trends in Machine Learning 16.
func HeldBand(coverage, confidence float64, fitted, rows int) (low, high float64) {
	if rows < 1 || fitted < 1 {
		return 0, 1
	}
	n := float64(rows)
	a := math.Ceil(float64(fitted+1) * coverage)
	b := max(float64(fitted)+1-a, 1)
	log := lbeta(a, n+b) - lbeta(a, b) // of the probability of k, from 0 on
	sum, lowest := 0.0, -1.0
	tail := float64((1 - confidence) / 2)
	for k := 0.0; k <= n; k++ {
		sum += math.Exp(log)
		if lowest < 0 && sum >= tail {
			lowest = k
		}
		if sum >= 1-tail {
			return lowest / n, k / n
		}
		log += math.Log((n - k) / (k + 1) * (k + a) / (n - k - 1 + b))
	}
	return max(lowest, 0) / n, 1
}

// lbeta is the logarithm of the beta function.
func lbeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}
