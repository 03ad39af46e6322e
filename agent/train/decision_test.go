package train

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
)

// What the threshold costs on the test is counted: two false alarms and one
// miss of six rows.
func TestDecision(t *testing.T) {
	cut := 0.5
	s := look(nil, nil, metric.Sample{
		Classes: 2, Target: []float64{1, 0, 0, 1, 0, 1}, Prediction: []float64{0.9, 0.6, 0.7, 0.2, 0.1, 0.5}, Threshold: cut,
	}, metric.AUC, &recipe{threshold: &cut})
	d := s.decision(calibrate.Rule{CostFP: 2, CostFN: 7, Capacity: 0.8})
	for name, test := range map[string]struct{ got, want float64 }{
		"called": {*d.Called.Value, 4. / 6}, "cost": {*d.Cost.Value, 11. / 6}, "of none": {*d.CostNone, 21. / 6}, "of all": {*d.CostAll, 1}, "capacity": {*d.Capacity, 0.8},
	} {
		if math.Abs(test.got-test.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	if d := s.decision(calibrate.Rule{}); d.Rule != "f1" || d.Cost.Value != nil || d.CostFP != nil {
		t.Errorf("without costs: %+v", d)
	}
	if d := look(nil, nil, metric.Sample{Target: []float64{1}, Prediction: []float64{1}}, metric.RMSE, &recipe{}).decision(calibrate.Rule{}); d != nil {
		t.Errorf("of a value: %+v", d)
	}
}

// A cost that is not said is 1, one that is said to be 0 is 0.
func TestOneCost(t *testing.T) {
	for _, test := range []struct {
		set  map[string]string
		want calibrate.Rule
	}{
		{map[string]string{}, calibrate.Rule{}},
		{map[string]string{"threshold.cost_fn": "5"}, calibrate.Rule{CostFP: 1, CostFN: 5}},
		{map[string]string{"threshold.cost_fp": "3"}, calibrate.Rule{CostFP: 3, CostFN: 1}},
		{map[string]string{"threshold.cost_fp": "0", "threshold.cost_fn": "5"}, calibrate.Rule{CostFN: 5}},
		{map[string]string{"threshold.capacity": "10%"}, calibrate.Rule{Capacity: 0.1}},
	} {
		if got := thresholdOf(test.set); got != test.want {
			t.Errorf("%v: %+v, want %+v", test.set, got, test.want)
		}
	}
}
