package calibrate_test

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn/calibrate"
)

// Reference numbers: scipy 1.17.1,
// b = scipy.stats.betabinom(n, math.ceil((m+1)*c), m+1-math.ceil((m+1)*c)); b.ppf([0.025, 0.975]) / n
func TestHeldBand(t *testing.T) {
	for _, test := range []struct {
		coverage     float64
		fitted, rows int
		low, high    float64
	}{
		{0.9, 800, 150, 127.0 / 150, 142.0 / 150},
		{0.9, 50, 1000, 0.805, 0.968},
		{0.5, 20000, 100000, 0.49243, 0.50762},
		{0.99, 500, 40, 0.95, 1},
	} {
		low, high := calibrate.HeldBand(test.coverage, 0.95, test.fitted, test.rows)
		if math.Abs(low-test.low) > 1e-9 || math.Abs(high-test.high) > 1e-9 {
			t.Errorf("%v of %d rows on %d: %v to %v, want %v to %v", test.coverage, test.fitted, test.rows, low, high, test.low, test.high)
		}
	}
}
