package metric_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/metric"
)

// Reference numbers: scipy 1.17.1,
// scipy.stats.ttest_ind_from_stats(3, 1.5, 9, 5, 2.5, 16, equal_var=False)
func TestMeansDifferByWelch(t *testing.T) {
	a, b := metric.Mean{Value: 3, SE: 1.5 / 3, Freedom: 8}, metric.Mean{Value: 5, SE: 2.5 / 4, Freedom: 15}
	for _, got := range []float64{a.Differ(b), b.Differ(a)} {
		if want := 0.020112994837288123; math.Abs(got-want) > 1e-9 {
			t.Errorf("p is %v, want %v", got, want)
		}
	}
	if got := (metric.Mean{Value: 1}).Differ(metric.Mean{Value: 2}); got != 1 {
		t.Errorf("means without a spread differ with %v", got)
	}
}

// The standard error is that of the values, of equal groups that of their
// sums. (numpy: x.std(ddof=1) / sqrt(10))
func TestMean(t *testing.T) {
	x := []float64{1, 2, 4, 4, 5, 7, 3, 2, 6, 1}
	var twice []float64
	var group []int32
	for i, v := range x {
		twice, group = append(twice, v, v), append(group, int32(i), int32(i))
	}
	for name, m := range map[string]metric.Mean{"alone": metric.MeanOf(x, nil), "in groups": metric.MeanOf(twice, group)} {
		if math.Abs(m.Value-3.5) > 1e-12 || math.Abs(m.SE-0.6540472290116194) > 1e-12 || m.Draws != 10 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m := metric.MeanOf(x[:1], nil); m.Value != 1 || !math.IsNaN(m.SE) || !math.IsNaN(m.Interval().Low) {
		t.Errorf("of one value: %+v", m)
	}
}

// Holm 1979: each probability times those that are
// not smaller, and never below a smaller one's.
func TestHolm(t *testing.T) {
	got := metric.Holm([]float64{0.01, 0.04, 0.03, 0.005, 0.9})
	want := []float64{0.04, 0.09, 0.09, 0.025, 0.9}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Error(diff)
	}
}

// scipy.stats.rankdata([3, 1, 2, 3, 3, -1])
func TestRanks(t *testing.T) {
	if diff := cmp.Diff([]float64{5, 2, 3, 5, 5, 1}, metric.Ranks([]float64{3, 1, 2, 3, 3, -1})); diff != "" {
		t.Error(diff)
	}
}
