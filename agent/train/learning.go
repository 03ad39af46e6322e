package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/metric"
)

const (
	leastTrain    = 100 // rows of the smallest part
	leastPerClass = 10  // of them of each class
	manyJobs      = 9   // of the standard effort
)

// halvings are how often the training rows are halved for each part, the
// smallest first: together less than the work of one job where the standard
// effort has many, and less than half of that where it has few, so that the
// learning curve takes less than a tenth of it.
func halvings(plan portfolio.Plan, folds int) ([]int, error) {
	jobs, err := plan.Jobs(portfolio.Standard, folds)
	if err != nil {
		return nil, err
	}
	if len(jobs) < manyJobs {
		return []int{4, 3, 2}, nil
	}
	return []int{3, 2, 1}, nil
}

// growth is how the score of one candidate grew with its rows: for each part,
// the whole as the last one, the score on each fold.
type growth struct {
	candidate string
	metric    metric.Name
	halvings  []int
	rows      []int
	scores    [][]float64
	units     int
}

// grow measures the best candidate of the first look on parts of the training
// rows. It is nil where they are too few, and where limit ended it.
func grow(ctx context.Context, d *durable.Desk, bench *fitting.Bench, plan portfolio.Plan, first []*crossfit.Bag, in handoff.Choice, limit func() time.Duration) (g *growth, complete bool, err error) {
	bag := best(first, in)
	all, err := halvings(plan, bench.Folds.Count)
	if err != nil || bag == nil {
		return nil, true, err
	}
	g = &growth{candidate: bag.Candidate.ID, metric: metric.Name(in.Features.Dataset.Scope.Metric)}
	for _, h := range all {
		part := bench.Part(d, h)
		folds, err := part.Folds(0)
		if err != nil {
			return nil, false, err
		}
		if few(folds, part.Data) {
			continue
		}
		part.Limit = limit
		bags, units, err := part.Run(ctx, []crossfit.Job{bag.Job})
		if err != nil {
			return nil, false, fmt.Errorf("learning curve: %w", err)
		}
		if len(bags) == 0 {
			return nil, false, nil
		}
		g.add(h, folds, bench.Scores(folds, bags[0].OOF, g.metric))
		g.units += units
	}
	folds, err := bench.Fits.Folds(0)
	if err != nil {
		return nil, false, err
	}
	if len(g.rows) < 2 {
		return nil, true, nil
	}
	g.add(0, folds, bench.Scores(folds, bag.OOF, g.metric))
	return g, true, nil
}

// best is the candidate of the first look that the selector found best and
// that learns more from more rows.
func best(first []*crossfit.Bag, in handoff.Choice) *crossfit.Bag {
	for _, id := range in.Chosen {
		i := slices.IndexFunc(first, func(b *crossfit.Bag) bool { return b.Candidate.ID == id && b.Repeat == 0 })
		if i >= 0 && id != "dummy" && id != "rule" {
			return first[i]
		}
	}
	return nil
}

// few tells whether the training part of a fold is too small to learn from.
func few(folds []fold.Fold, data learn.Data) bool {
	for _, f := range folds {
		count := make([]int, max(1, data.Classes))
		for _, row := range f.Train {
			if data.Classes > 0 {
				count[int(data.Target[row])]++
			} else {
				count[0]++
			}
		}
		if len(f.Train) < leastTrain || slices.Min(count) < leastPerClass {
			return true
		}
	}
	return false
}

// add notes the scores of a part.
func (g *growth) add(halvings int, folds []fold.Fold, scores []float64) {
	rows := 0
	for _, f := range folds {
		rows += len(f.Train)
	}
	g.halvings, g.rows, g.scores = append(g.halvings, halvings), append(g.rows, rows/len(folds)), append(g.scores, scores)
}

// result says what the curve says of twice the rows: by a power law with a
// floor, whose error is that of leaving out a fold.
func (g *growth) result() *handoff.Learning {
	if g == nil {
		return nil
	}
	out := &handoff.Learning{Candidate: g.candidate, Metric: string(g.metric), Units: g.units}
	for k, scores := range g.scores {
		m := metric.MeanOf(scores, nil)
		if math.IsNaN(m.Value + m.SE) {
			return nil
		}
		out.Points = append(out.Points, handoff.LearnPoint{Rows: g.rows[k], Mean: m.Value, SE: m.SE})
	}
	gain, se := g.doubling()
	folds := float64(len(g.scores[0]))
	out.Gain, out.GainSE = &gain, &se
	half := se * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: folds - 1}.Quantile(0.975)
	if gain > half {
		out.Words = fmt.Sprintf("twice the rows would be worth about %.2g ± %.2g of %s, if %s goes on learning as it did", gain, half, g.metric, strings.ReplaceAll(g.candidate, "_", " "))
	} else {
		out.Words = fmt.Sprintf("no gain of more rows can be seen: twice as many would be worth %.2g ± %.2g of %s", gain, half, g.metric)
	}
	return out
}

// doubling is what twice the rows would be worth, and its standard error by
// the jackknife over the folds.
func (g *growth) doubling() (gain, se float64) {
	folds := len(g.scores[0])
	without := func(out int) float64 {
		var mean []float64
		for _, scores := range g.scores {
			var kept []float64
			for f, s := range scores {
				if f != out {
					kept = append(kept, s)
				}
			}
			mean = append(mean, metric.MeanOf(kept, nil).Value)
		}
		return next(g.halvings, mean, metric.HigherIsBetter(g.metric))
	}
	gain = without(-1)
	var part []float64
	for f := range folds {
		part = append(part, without(f))
	}
	middle := metric.MeanOf(part, nil).Value
	for _, p := range part {
		se += (p - middle) * (p - middle)
	}
	return gain, math.Sqrt(se * float64(folds-1) / float64(folds))
}

// next is the gain of the doubling after the last of the scores by the power
// law score = floor - height × ratio^doublings that fits them best, whose
// ratio is from 0.5 (an excess that falls as 1 / rows, which no learner beats)
// to 1.
func next(halvings []int, scores []float64, higher bool) float64 {
	sign := 1.0
	if !higher {
		sign = -1
	}
	best, gain := math.Inf(1), 0.0
	for step := range 51 {
		ratio := 0.5 + 0.01*float64(step)
		var x []float64 // what is left of the height at each size, the last one's being 1
		for _, h := range halvings {
			x = append(x, math.Pow(ratio, -float64(h)))
			if ratio > 0.999 { // the law's limit: each doubling is worth the same
				x[len(x)-1] = float64(h)
			}
		}
		mx, my := metric.MeanOf(x, nil).Value, metric.MeanOf(scores, nil).Value
		var xx, xy, yy float64
		for k := range x {
			xx += (x[k] - mx) * (x[k] - mx)
			xy += (x[k] - mx) * sign * (scores[k] - my)
			yy += (scores[k] - my) * (scores[k] - my)
		}
		slope := xy / xx // below 0 where more rows are better
		if left := yy - slope*xy; left < best-1e-15 {
			best, gain = left, -slope*(1-ratio)
			if ratio > 0.999 {
				gain = -slope
			}
		}
	}
	return gain
}
