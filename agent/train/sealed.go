package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/table"
)

// sealed is the test rows, opened, with what the recipe says of them.
type sealed struct {
	recipe   *recipe
	file     *rowfile.File
	features *table.Table
	sample   metric.Sample
	primary  metric.Name
	claim    []float64 // per row: probability of the positive class, or of the most probable one; or the predicted value
	came     []float64 // what came of it: 1 or 0; or the true value
	off      []float64 // came less claim
	loss     []float64 // log loss, or absolute error
	called   []float64 // 1 from the threshold on, else 0; binary only
	compared []quantity
	held     []float64 // per row 1 where the interval or set has the truth, else 0; nil without one
	size     float64   // mean length of the intervals, or number of classes in the sets
}

func look(file *rowfile.File, features *table.Table, sample metric.Sample, primary metric.Name, r *recipe) *sealed {
	s := &sealed{recipe: r, file: file, features: features, sample: sample, primary: primary}
	s.held, s.size = holds(r.conformal, sample)
	s.perRow()
	s.compared = s.quantities()
	return s
}

// describe says what the test rows show beside the scores.
func (s *sealed) describe(ctx context.Context, d *durable.Desk, bench *fitting.Bench, in handoff.Choice, out *handoff.Model) error {
	var err error
	out.Sets = s.sets(d, s.recipe.outOfFold(bench))
	if out.Groups, err = s.fairness(ctx, d, bench, in); err != nil {
		return err
	}
	out.Segments = s.segments(bench, in, d.Settings.Seed)
	out.Decision = s.decision(thresholdOf(d.Settings.Set))
	out.Curves = s.curves(in.Features.Dataset.Scope.Classes)
	return nil
}

// holds tells for each row of a sample whether c's interval or set has the
// truth, and gives their mean length or number of classes.
func holds(c *calibrate.Conformal, s metric.Sample) (held []float64, size float64) {
	if c == nil {
		return nil, 0
	}
	n := float64(len(s.Target))
	held = make([]float64, len(s.Target))
	for i, y := range s.Target {
		row := s.Prediction[i*c.Width : (i+1)*c.Width]
		if s.Classes == 0 {
			low, high := c.Interval(row[0])
			held[i] = indicator(low <= y && y <= high)
			size += (high - low) / n
			continue
		}
		set := c.Set(row)
		held[i] = indicator(slices.Contains(set, int(y)))
		size += float64(len(set)) / n
	}
	return held, size
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// proportion is a share of rows as a measure.
func proportion(p metric.Proportion) handoff.Measure {
	return handoff.Measure{Value: known(p.Value), Low: known(p.Low), High: known(p.High)}
}

// sets is how far the intervals or sets kept their promise on the test rows.
// fit is the rows that they were fitted on, out of fold. A promise that was
// broken by more than chance is a finding.
func (s *sealed) sets(d *durable.Desk, fit metric.Sample) *handoff.Sets {
	c := s.recipe.conformal
	if c == nil {
		d.Warn(fmt.Sprintf("there are no intervals or sets: %d rows are too few to promise a coverage of %.4g", len(fit.Target), coverageOf(d.Settings.Set)))
		return nil
	}
	before, _ := holds(c, fit)
	got := metric.ProportionOf(s.held, s.sample.Group)
	out := &handoff.Sets{Kind: c.Kind, Coverage: c.Coverage, Held: proportion(got), Size: s.size}
	out.Low, out.High = calibrate.HeldBand(c.Coverage, 0.95, int(metric.ProportionOf(before, fit.Group).Draws), int(got.Draws))
	if got.Value < out.Low {
		d.Find(handoff.Finding{
			Code: "model.coverage", Severity: handoff.Warning, Action: handoff.Warned,
			Evidence: fmt.Sprintf("%s that promise to hold the truth of %.4g of new rows held it in %.3f of the sealed test (%.3f to %.3f); by chance it would be at least %.3f",
				setsName(s.sample), c.Coverage, got.Value, got.Low, got.High, out.Low),
			Fix: "the test rows are not like the rows before them: train again when newer rows are there, or ask for more with --set coverage=SHARE",
		})
	}
	return out
}

// setsName is what a conformal predictor makes for the sample's task.
func setsName(s metric.Sample) string {
	if s.Classes == 0 {
		return "intervals"
	}
	return "sets of classes"
}
