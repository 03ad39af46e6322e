package train

import (
	"math"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

// quantity is one figure of a group that is compared with that of all other
// rows: the mean of value over the rows where in is true.
type quantity struct {
	name  string
	form  form
	in    func(row int) bool
	value func(row int) float64
	ranks []float64 // of the values of all rows; only of a tailed one
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
	all := func(int) bool { return true }
	y := s.sample.Target
	calibration := quantity{name: "calibration", form: mean, in: all, value: func(i int) float64 { return s.came[i] - s.claim[i] }}
	loss := quantity{name: "loss", form: tailed, in: all, value: func(i int) float64 { return s.loss[i] }, ranks: metric.Ranks(s.loss)}
	if s.sample.Classes == 0 {
		calibration.form, calibration.ranks = tailed, make([]float64, len(s.came))
		for i := range calibration.ranks {
			calibration.ranks[i] = calibration.value(i)
		}
		calibration.ranks = metric.Ranks(calibration.ranks)
	}
	if s.sample.Classes != 2 {
		return []quantity{calibration, loss}
	}
	called := func(i int) float64 { return indicator(s.claim[i] >= s.recipe.cut()) }
	return []quantity{
		{name: "called", form: share, in: all, value: called},
		{name: "false_positives", form: share, in: func(i int) bool { return y[i] == 0 }, value: called},
		{name: "false_negatives", form: share, in: func(i int) bool { return y[i] == 1 }, value: func(i int) float64 { return 1 - called(i) }},
		calibration,
		loss,
	}
}

// perRow fills claim, came and loss.
func (s *sealed) perRow() {
	y, p, width := s.sample.Target, s.sample.Prediction, s.sample.Classes
	s.claim, s.came, s.loss = p, y, make([]float64, len(y))
	if width > 2 {
		s.claim, s.came = make([]float64, len(y)), make([]float64, len(y))
	}
	for i, y := range y {
		truth := 1.0
		switch {
		case width == 0:
			s.loss[i] = math.Abs(y - p[i])
			continue
		case width == 2 && y == 1:
			truth = p[i]
		case width == 2:
			truth = 1 - p[i]
		default:
			row := p[i*width : (i+1)*width]
			best := top(row)
			s.claim[i], s.came[i], truth = row[best], indicator(best == int(y)), row[int(y)]
		}
		s.loss[i] = -portable.Log(max(truth, 1e-15))
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
		x, group := s.sides(inside, q.in, q.value)
		if len(x[0]) < leastOf || len(x[1]) < leastOf {
			continue
		}
		d := handoff.Difference{Group: name, What: q.name}
		if q.form == share {
			a, b := metric.ProportionOf(x[0], group[0]), metric.ProportionOf(x[1], group[1])
			d.Value, d.Others, d.P = a.Value, b.Value, a.Differ(b)
		} else {
			a, b := metric.MeanOf(x[0], group[0]), metric.MeanOf(x[1], group[1])
			d.Value, d.Others, d.P = a.Value, b.Value, a.Differ(b)
		}
		if q.form == tailed {
			r, group := s.sides(inside, q.in, func(i int) float64 { return q.ranks[i] })
			d.P = max(d.P, metric.MeanOf(r[0], group[0]).Differ(metric.MeanOf(r[1], group[1])))
		}
		out = append(out, d)
	}
	return out
}

// sides are the values, and the sample's groups, of the rows inside and of all
// others.
func (s *sealed) sides(inside []bool, in func(int) bool, value func(int) float64) (x [2][]float64, group [2][]int32) {
	for i := range inside {
		if !in(i) {
			continue
		}
		side := 1
		if inside[i] {
			side = 0
		}
		x[side] = append(x[side], value(i))
		if s.sample.Group != nil {
			group[side] = append(group[side], s.sample.Group[i])
		}
	}
	return x, group
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
	var off, said, came []float64
	for _, r := range rows {
		off, said, came = append(off, s.came[r]-s.claim[r]), append(said, s.claim[r]), append(came, s.came[r])
	}
	predicted := metric.MeanOf(said, nil).Value
	out.Predicted = known(predicted)
	if part.Classes == 0 {
		e := metric.MeanOf(off, part.Group)
		i := e.Interval()
		out.Observed = handoff.Measure{Value: known(predicted + e.Value), Low: known(predicted + i.Low), High: known(predicted + i.High)}
	} else {
		out.Observed = proportion(metric.ProportionOf(came, part.Group))
	}
	if s.held != nil {
		out.Held = s.shareOf(rows, func(int) bool { return true }, func(i int) float64 { return s.held[i] })
	}
	if part.Classes == 2 {
		for i, q := range s.compared[:3] {
			*[]*handoff.Measure{&out.Called, &out.FalsePositives, &out.FalseNegatives}[i] = s.shareOf(rows, q.in, q.value)
		}
	}
	return out
}

// shareOf is the share of those rows, of the given ones, for which value is 1.
func (s *sealed) shareOf(rows []int32, in func(int) bool, value func(int) float64) handoff.Measure {
	var hit []float64
	var group []int32
	for _, r := range rows {
		if !in(int(r)) {
			continue
		}
		hit = append(hit, value(int(r)))
		if s.sample.Group != nil {
			group = append(group, s.sample.Group[r])
		}
	}
	return proportion(metric.ProportionOf(hit, group))
}

// part is the sample's given rows.
func (s *sealed) part(rows []int32) metric.Sample {
	all, width := s.sample, len(s.sample.Prediction)/len(s.sample.Target)
	out := metric.Sample{Classes: all.Classes, Threshold: all.Threshold}
	for _, r := range rows {
		out.Target = append(out.Target, all.Target[r])
		out.Prediction = append(out.Prediction, all.Prediction[int(r)*width:(int(r)+1)*width]...)
		if all.Group != nil {
			out.Group = append(out.Group, all.Group[r])
		}
	}
	return out
}
