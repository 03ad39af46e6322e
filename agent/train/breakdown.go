package train

import (
	"math"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

// quantity is one figure of a group that is compared with that of all other
// rows: the mean of values over the rows where in is true.
type quantity struct {
	name   string
	form   form
	in     func(row int32) bool
	values []float64 // per row
	ranks  []float64 // of the values; only of a tailed one
}

// form is what the values of a quantity are like, which says how their means
// are compared.
type form int

const (
	share  form = iota // 0 or 1: Fisher's exact test
	mean               // bounded: Welch's test
	tailed             // with a long tail, which Welch's test alone is fooled by: that of their ranks must say the same
)

// quantities are what groups are compared by.
func (s *sealed) quantities() []quantity {
	all := func(int32) bool { return true }
	loss := quantity{name: "loss", form: tailed, in: all, values: s.loss, ranks: metric.Ranks(s.loss)}
	calibration := quantity{name: "calibration", form: mean, in: all, values: s.off}
	if s.sample.Classes == 0 {
		calibration.form, calibration.ranks = tailed, metric.Ranks(s.off)
	}
	if s.called == nil {
		return []quantity{calibration, loss}
	}
	missed := make([]float64, len(s.called))
	for i, called := range s.called {
		missed[i] = 1 - called
	}
	return []quantity{
		{name: "called", form: share, in: all, values: s.called},
		{name: "false_positives", form: share, in: func(i int32) bool { return s.came[i] == 0 }, values: s.called},
		{name: "false_negatives", form: share, in: func(i int32) bool { return s.came[i] == 1 }, values: missed},
		calibration,
		loss,
	}
}

// perRow fills claim, came, off, loss and called.
func (s *sealed) perRow() {
	y, p, width := s.sample.Target, s.sample.Prediction, s.sample.Classes
	s.claim, s.came, s.off, s.loss = p, y, make([]float64, len(y)), make([]float64, len(y))
	switch {
	case width == 2:
		s.called = make([]float64, len(y))
	case width > 2:
		s.claim, s.came = make([]float64, len(y)), make([]float64, len(y))
	}
	for i, y := range y {
		var truth float64 // probability of what came
		switch {
		case width == 2:
			s.called[i] = indicator(p[i] >= s.recipe.cut())
			truth = p[i]
			if y == 0 {
				truth = 1 - p[i]
			}
		case width > 2:
			row := p[i*width : (i+1)*width]
			best := top(row)
			s.claim[i], s.came[i], truth = row[best], indicator(best == int(y)), row[int(y)]
		}
		s.off[i] = s.came[i] - s.claim[i]
		if width == 0 {
			s.loss[i] = math.Abs(s.off[i])
		} else {
			s.loss[i] = -portable.Log(max(truth, 1e-15))
		}
	}
}

// top is the most probable class, the first of equals.
func top(row []float64) int {
	best := 0
	for k, p := range row {
		if p > row[best] {
			best = k
		}
	}
	return best
}

// breakdowns are the groupings in figures. Each group is compared with all
// other rows by each quantity; what is listed as a difference is more than
// noise with 95 % for all comparisons of all groupings together (Holm).
func (s *sealed) breakdowns(by []grouping, seed uint64) []handoff.Breakdown {
	out := []handoff.Breakdown{}
	var found []handoff.Difference
	var p []float64
	var at []int // the breakdown that each of found belongs to
	for k, g := range by {
		b := handoff.Breakdown{Column: g.column}
		for i, name := range g.names {
			b.Groups = append(b.Groups, s.group(name, g.rows[i], seed))
			if i > 0 && len(g.names) == 2 {
				continue // the same comparison again
			}
			for _, d := range s.compare(name, g.rows[i]) {
				found, p, at = append(found, d), append(p, d.P), append(at, k)
			}
		}
		out = append(out, b)
	}
	for i, corrected := range metric.Holm(p) {
		if corrected < 0.05 {
			found[i].P = corrected
			b := &out[at[i]]
			b.Differences = append(b.Differences, found[i])
		}
	}
	return out
}

// leastOf is the least number of rows of a group, and of the others, that a
// figure is compared by.
const leastOf = 10

// compare holds a group against all other rows; P is not corrected yet.
func (s *sealed) compare(name string, rows []int32) []handoff.Difference {
	var out []handoff.Difference
	inside := make([]bool, len(s.sample.Target))
	for _, r := range rows {
		inside[r] = true
	}
	for _, q := range s.compared {
		var group, others []int32
		for i, in := range inside {
			switch row := int32(i); {
			case !q.in(row):
			case in:
				group = append(group, row)
			default:
				others = append(others, row)
			}
		}
		if len(group) < leastOf || len(others) < leastOf {
			continue
		}
		d := handoff.Difference{Group: name, What: q.name}
		if q.form == share {
			a, b := s.shareOf(q.values, group), s.shareOf(q.values, others)
			d.Value, d.Others, d.P = a.Value, b.Value, a.Differ(b)
		} else {
			a, b := s.meanOf(q.values, group), s.meanOf(q.values, others)
			d.Value, d.Others, d.P = a.Value, b.Value, a.Differ(b)
		}
		if q.form == tailed {
			d.P = max(d.P, s.meanOf(q.ranks, group).Differ(s.meanOf(q.ranks, others)))
		}
		out = append(out, d)
	}
	return out
}

// meanOf is the mean of x over some rows; rows of one group count as one draw.
func (s *sealed) meanOf(x []float64, rows []int32) metric.Mean {
	return metric.MeanOf(take(x, rows), s.groups(rows))
}

// shareOf is the share of some rows for which x is 1, not 0.
func (s *sealed) shareOf(x []float64, rows []int32) metric.Proportion {
	return metric.ProportionOf(take(x, rows), s.groups(rows))
}

// groupScores are the scores of a group, beside the primary one.
var groupScores = map[int][]metric.Name{
	0: {metric.RMSE, metric.MAE},
	2: {metric.AUC, metric.LogLoss},
}

// group is the model on some of the test rows.
func (s *sealed) group(name string, rows []int32, seed uint64) handoff.Group {
	part := s.part(rows)
	names, ok := groupScores[part.Classes]
	if !ok {
		names = []metric.Name{metric.LogLoss, metric.Accuracy}
	}
	out := handoff.Group{Group: name, Rows: len(rows), Scores: measures(part, seed, append(slices.Clone(names), s.primary)...)}
	predicted := metric.MeanOf(take(s.claim, rows), nil).Value
	out.Predicted = known(predicted)
	if part.Classes == 0 {
		e := s.meanOf(s.off, rows)
		i := e.Interval()
		out.Observed = handoff.Measure{Value: known(predicted + e.Value), Low: known(predicted + i.Low), High: known(predicted + i.High)}
	} else {
		out.Observed = proportion(s.shareOf(s.came, rows))
	}
	if s.held != nil {
		out.Held = proportion(s.shareOf(s.held, rows))
	}
	rates := map[string]*handoff.Measure{"called": &out.Called, "false_positives": &out.FalsePositives, "false_negatives": &out.FalseNegatives}
	for _, q := range s.compared {
		if rate := rates[q.name]; rate != nil {
			counted := slices.DeleteFunc(slices.Clone(rows), func(r int32) bool { return !q.in(r) })
			*rate = proportion(s.shareOf(q.values, counted))
		}
	}
	return out
}

// part is the sample's given rows.
func (s *sealed) part(rows []int32) metric.Sample {
	all, width := s.sample, len(s.sample.Prediction)/len(s.sample.Target)
	out := metric.Sample{Classes: all.Classes, Threshold: all.Threshold, Target: take(all.Target, rows), Group: s.groups(rows)}
	for _, r := range rows {
		out.Prediction = append(out.Prediction, all.Prediction[int(r)*width:(int(r)+1)*width]...)
	}
	return out
}

// take are the values of some rows.
func take[T any](x []T, rows []int32) []T {
	out := make([]T, len(rows))
	for k, i := range rows {
		out[k] = x[i]
	}
	return out
}

// groups are the sample's of some rows; nil where there are none.
func (s *sealed) groups(rows []int32) []int32 {
	if s.sample.Group == nil {
		return nil
	}
	return take(s.sample.Group, rows)
}
