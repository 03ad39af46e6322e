package learntest

import (
	"math"
	"math/bits"
	"testing"
)

// Three planes need runways of 1, 2 and 3: each part of the runway is shared
// among those that need it. Source: Littlechild & Owen 1973.
func TestShapleyOfTheAirport(t *testing.T) {
	worth := make([]float64, 8)
	for set := range worth {
		worth[set] = float64(bits.Len(uint(set)))
	}
	got := Shapley(worth)
	want := []float64{1. / 3, 1./3 + 1./2, 1./3 + 1./2 + 1}
	if len(got) != len(want) {
		t.Fatalf("%d players, want %d", len(got), len(want))
	}
	for j := range want {
		if math.Abs(got[j]-want[j]) > 1e-12 {
			t.Errorf("player %d: %v, want %v", j, got[j], want[j])
		}
	}
}
