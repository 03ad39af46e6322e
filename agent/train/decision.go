package train

import (
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
)

// decision is what calling the test rows from the threshold on does; nil where
// there is none.
func (s *sealed) decision(rule calibrate.Rule) *handoff.Decision {
	if s.recipe.threshold == nil {
		return nil
	}
	out := &handoff.Decision{Rule: "f1", Called: proportion(metric.ProportionOf(s.called, s.sample.Group))}
	if rule.Capacity > 0 {
		out.Capacity = &rule.Capacity
	}
	if rule.CostFP == 0 && rule.CostFN == 0 {
		return out
	}
	out.Rule, out.CostFP, out.CostFN = "cost", &rule.CostFP, &rule.CostFN
	cost := make([]float64, len(s.called))
	none, all := 0.0, 0.0
	for i, y := range s.came {
		miss, alarm := float64(rule.CostFN*y), float64(rule.CostFP*(1-y))
		cost[i] = float64((1-s.called[i])*miss) + float64(s.called[i]*alarm)
		none += miss / float64(len(cost))
		all += alarm / float64(len(cost))
	}
	m := metric.MeanOf(cost, s.sample.Group)
	i := m.Interval()
	out.Cost = handoff.Measure{Value: known(m.Value), Low: known(max(0, i.Low)), High: known(i.High)}
	out.CostNone, out.CostAll = known(none), known(all)
	return out
}
