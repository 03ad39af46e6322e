package main

import (
	"math"
	"testing"
)

// The wanted bounds are of scipy.stats.binomtest(k, n).proportion_ci(method="exact").
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 10, 0, 0.30849710781876083},
		{10, 10, 0.6915028921812392, 1},
		{7, 10, 0.3475471499394201, 0.9332604888222655},
		{199, 200, 0.9724645389, 0.9998734184},
	} {
		low, high := bounds(c.k, c.n)
		if math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("bounds(%d, %d) = %v, %v, want %v, %v", c.k, c.n, low, high, c.low, c.high)
		}
	}
}
