package metric_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/metric"
)

// Reference numbers: scipy 1.17.1,
// scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact")
func TestProportionIsClopperPearson(t *testing.T) {
	for _, test := range []struct {
		hits, n   int
		low, high float64
	}{
		{45, 50, 0.7818646, 0.9667249},
		{0, 10, 0, 0.3084971},
		{10, 10, 0.6915029, 1},
		{3, 2000, 0.00030944, 0.00437732},
	} {
		hit := make([]float64, test.n)
		for i := range test.hits {
			hit[i] = 1
		}
		got := metric.ProportionOf(hit, nil)
		if math.Abs(got.Low-test.low) > 1e-6 || math.Abs(got.High-test.high) > 1e-6 || got.Draws != float64(test.n) {
			t.Errorf("%d of %d: %v, want %v to %v", test.hits, test.n, got, test.low, test.high)
		}
	}
	if got := metric.ProportionOf(nil, nil); !math.IsNaN(got.Value) || !math.IsNaN(got.Low) {
		t.Errorf("of no rows: %v", got)
	}
}

// With groups the interval holds the share of the population too, and rows of
// a group that are all alike are worth one.
func TestProportionOfGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	const samples = 1000
	held := 0
	for range samples {
		var hit []float64
		var group []int32
		for g := range int32(60) {
			p := 0.65 + 0.3*float64(r.IntN(2)) // 0.8 on average
			for range 1 + r.IntN(6) {
				y := 0.0
				if r.Float64() < p {
					y = 1
				}
				hit, group = append(hit, y), append(group, g)
			}
		}
		if got := metric.ProportionOf(hit, group); got.Low <= 0.8 && 0.8 <= got.High {
			held++
		}
	}
	if held < 930*samples/1000 {
		t.Errorf("the interval holds the share in %d of %d samples, want 95 %%", held, samples)
	}
	var hit []float64
	var group []int32
	for g := range int32(50) {
		for range 4 {
			hit, group = append(hit, float64(g%5/4)), append(group, g)
		}
	}
	if got := metric.ProportionOf(hit, group); got.Draws > 51 || got.Draws < 40 {
		t.Errorf("50 groups of 4 equal rows are worth %v draws", got.Draws)
	}
}

// Reference numbers: scipy 1.17.1, twice the smaller of
// scipy.stats.fisher_exact(table, alternative=...) for "less" and "greater".
func TestSharesDifferByFisher(t *testing.T) {
	for _, test := range []struct {
		hits, n, others, m int
		want               float64
	}{
		{3, 10, 15, 20, 0.04832968131318955},
		{0, 12, 5, 9, 0.012383900928792569},
		{50, 400, 90, 420, 0.0008918171697631639},
		{5, 5, 5, 5, 1},
	} {
		share := func(hits, n int) metric.Proportion {
			hit := make([]float64, n)
			for i := range hits {
				hit[i] = 1
			}
			return metric.ProportionOf(hit, nil)
		}
		a, b := share(test.hits, test.n), share(test.others, test.m)
		for _, got := range []float64{a.Differ(b), b.Differ(a)} {
			if math.Abs(got-test.want) > 1e-9 {
				t.Errorf("%d of %d and %d of %d: %v, want %v", test.hits, test.n, test.others, test.m, got, test.want)
			}
		}
	}
	if got := metric.ProportionOf(nil, nil).Differ(metric.ProportionOf([]float64{1}, nil)); got != 1 {
		t.Errorf("no rows differ with %v", got)
	}
}
