package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
)

// measured is what judge knows of a sample.
func measured(s metric.Sample) map[string]handoff.Measure { return measures(s, 1) }

// A few rows with huge errors make a loss and its interval large, and chance
// by as much: they do not hide that the model is better.
func TestBetterThanChanceDespiteOutliers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := metric.Sample{}
	for i := range 400 {
		y := 10 * random.NormFloat64()
		if i%100 == 0 {
			y += 400
		}
		s.Target = append(s.Target, y)
		s.Prediction = append(s.Prediction, math.Min(y, 100)+3*random.NormFloat64())
	}
	c := handoff.Criterion{Metric: "mae", Op: "better_than_chance"}
	if v := hold(c, s, measured(s), baseline{}); !v.Met {
		t.Errorf("not met: %s", v.Evidence)
	}
}

// Noise is better than chance in few of many tries.
func TestNoiseIsNotBetterThanChance(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"auc", "log_loss"} {
		met := 0
		for range 200 {
			s := metric.Sample{Classes: 2}
			for range 300 {
				s.Target = append(s.Target, float64(random.IntN(2)))
				s.Prediction = append(s.Prediction, 0.4+0.2*random.Float64())
			}
			if hold(handoff.Criterion{Metric: name, Op: "better_than_chance"}, s, measured(s), baseline{}).Met {
				met++
			}
		}
		if met > 14 {
			t.Errorf("%s: noise passes in %d of 200 tries", name, met)
		}
	}
}

// A model that is the baseline in all but noise passes; one that is plainly
// worse does not.
func TestNotWorseThanBaseline(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	c := handoff.Criterion{Metric: "auc", Op: "not_worse_than_baseline"}
	refused := 0
	for range 100 {
		s, base, worse := metric.Sample{Classes: 2}, metric.Sample{Classes: 2}, metric.Sample{Classes: 2}
		for range 400 {
			y := float64(random.IntN(2))
			signal := y + random.NormFloat64()
			s.Target, base.Target, worse.Target = append(s.Target, y), append(base.Target, y), append(worse.Target, y)
			s.Prediction = append(s.Prediction, 1/(1+math.Exp(-signal-0.1*random.NormFloat64())))
			base.Prediction = append(base.Prediction, 1/(1+math.Exp(-signal-0.1*random.NormFloat64())))
			worse.Prediction = append(worse.Prediction, 1/(1+math.Exp(-signal-2*random.NormFloat64())))
		}
		best := baseline{}
		best.offer("linear", metric.AUC, base)
		best.compare(metric.AUC, s)
		if !hold(c, s, measured(s), best).Met {
			refused++
		}
		best.compare(metric.AUC, worse)
		if hold(c, worse, measured(worse), best).Met {
			t.Fatal("a plainly worse model passes")
		}
	}
	if refused > 2 {
		t.Errorf("an equally good model is refused in %d of 100 tries", refused)
	}
}
