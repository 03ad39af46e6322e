package calibrate_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
)

// draw makes n rows whose true log-odds are slope × logit(p) + offset.
func draw(n int, slope, offset float64) (target, p []float64) {
	random := rand.New(rand.NewPCG(7, 9))
	for range n {
		q := 0.02 + 0.96*random.Float64()
		z := slope*math.Log(q/(1-q)) + offset
		y := 0.0
		if random.Float64() < 1/(1+math.Exp(-z)) {
			y = 1
		}
		target, p = append(target, y), append(p, q)
	}
	return target, p
}

func TestFitFindsTheMap(t *testing.T) {
	target, p := draw(20_000, 0.5, -1)
	m, crossed := calibrate.Fit(metric.Sample{Classes: 2, Target: target}, p, 1)
	if m.Kind != calibrate.Platt || math.Abs(m.Slope-0.5) > 0.03 || math.Abs(m.Offset+1) > 0.05 {
		t.Errorf("map %+v, want platt with slope 0.5 and offset -1", m)
	}
	before := metric.Score(metric.ECE, metric.Sample{Classes: 2, Target: target, Prediction: p})
	after := metric.Score(metric.ECE, metric.Sample{Classes: 2, Target: target, Prediction: crossed})
	if !(after < before/5) {
		t.Errorf("ece %v after, %v before", after, before)
	}
}

func TestFitLeavesCalibratedAlone(t *testing.T) {
	target, p := draw(5_000, 1, 0)
	m, crossed := calibrate.Fit(metric.Sample{Classes: 2, Target: target}, p, 1)
	if m.Kind != calibrate.Identity {
		t.Errorf("map %+v, want identity", m)
	}
	for i := range p {
		if crossed[i] != p[i] {
			t.Fatalf("row %d changed", i)
		}
	}
}

func TestTemperature(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var target, p []float64
	for range 6_000 {
		z := []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
		truth, sharp := make([]float64, 3), make([]float64, 3)
		a, b := 0.0, 0.0
		for k := range z {
			truth[k], sharp[k] = math.Exp(z[k]), math.Exp(3*z[k])
			a, b = a+truth[k], b+sharp[k]
		}
		u, y := random.Float64()*a, 0
		for y < 2 && u > truth[y] {
			u -= truth[y]
			y++
		}
		target = append(target, float64(y))
		for k := range z {
			p = append(p, sharp[k]/b)
		}
	}
	m, _ := calibrate.Fit(metric.Sample{Classes: 3, Target: target}, p, 1)
	if m.Kind != calibrate.Temperature || math.Abs(m.Slope-1.0/3) > 0.03 {
		t.Errorf("map %+v, want temperature with slope 1/3", m)
	}
}

// outcome is what a threshold does on some rows.
func outcome(target, p []float64, cut float64) (tp, fp, fn float64) {
	for i, y := range target {
		switch {
		case p[i] >= cut && y == 1:
			tp++
		case p[i] >= cut:
			fp++
		case y == 1:
			fn++
		}
	}
	return tp, fp, fn
}

// Without costs the threshold is the best of all by trying every one.
func TestThreshold(t *testing.T) {
	target, p := draw(300, 1, -1)
	for _, rule := range []calibrate.Rule{{}, {Capacity: 0.1}, {Capacity: 0.5}} {
		value := func(cut float64) float64 {
			tp, fp, fn := outcome(target, p, cut)
			if rule.Capacity > 0 && tp+fp > rule.Capacity*float64(len(p)) {
				return math.Inf(-1)
			}
			return 2 * tp / (2*tp + fp + fn)
		}
		best := value(1)
		for _, cut := range p {
			best = math.Max(best, value(cut))
		}
		if got := value(rule.Threshold(target, p)); got != best {
			t.Errorf("%+v: value %v, the best is %v", rule, got, best)
		}
	}
}

// With costs it is nearly the best on rows that it has not seen, whether the
// probabilities are true or far too low, and it keeps to the capacity.
func TestThresholdByCost(t *testing.T) {
	for _, test := range []struct {
		rule calibrate.Rule
		fall float64 // of the probabilities' logits
	}{
		{calibrate.Rule{CostFP: 1, CostFN: 5}, 0},
		{calibrate.Rule{CostFP: 5, CostFN: 1}, 0},
		{calibrate.Rule{CostFP: 1, CostFN: 1}, 0},
		{calibrate.Rule{CostFP: 1, CostFN: 5}, 3},
		{calibrate.Rule{CostFP: 1, CostFN: 9, Capacity: 0.2}, 0},
		{calibrate.Rule{CostFN: 1, Capacity: 0.3}, 0},
		{calibrate.Rule{CostFN: 1}, 0},
		{calibrate.Rule{CostFP: 1}, 0},
	} {
		r := rand.New(rand.NewPCG(4, 4))
		drawn := func(n int) (target, p []float64) {
			for range n {
				f := 1.5*r.NormFloat64() - 1
				y := 0.0
				if r.Float64() < 1/(1+math.Exp(-f)) {
					y = 1
				}
				target, p = append(target, y), append(p, 1/(1+math.Exp(test.fall-f)))
			}
			return target, p
		}
		cut := test.rule.Threshold(drawn(2000))
		target, p := drawn(20000)
		cost := func(cut float64) float64 {
			tp, fp, fn := outcome(target, p, cut)
			if c := test.rule.Capacity; c > 0 && tp+fp > (c+0.02)*float64(len(p)) {
				return math.Inf(1)
			}
			return (fp*test.rule.CostFP + fn*test.rule.CostFN) / float64(len(p))
		}
		best := math.Inf(1)
		for k := range 200 {
			best = math.Min(best, cost(float64(k)/200))
		}
		if got := cost(cut); !(got <= 1.1*best+0.005) {
			t.Errorf("%+v, logits less %v: a cost of %.4f a row at %.3f, the least is %.4f", test.rule, test.fall, got, cut, best)
		}
	}
}
