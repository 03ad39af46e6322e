package analyze

import (
	"cmp"
	"math"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

const (
	curvesOf  = 8   // features whose curves are drawn
	gridSteps = 20  // of a curve at most, beside the one for missing
	curveRows = 300 // validation rows that a curve is the mean of
	leastRows = 10  // of a level, or of missing values, for a step of their own
)

// curve is a feature's partial dependence and how far single rows differ from
// it.
type curve struct {
	steps []handoff.Step // fewer than two: there is nothing to draw
	class int            // whose probability it is, of more than two
}

// curve lets feature j have the values of a grid in every row, all else as it
// is. Sources: Friedman 2001, Greedy function approximation, section 8.2;
// Goldstein et al. 2015, Peeking inside the black box (the rows' own curves).
func (p *probeRun) curve(j int) curve {
	grid, steps := p.grid(j)
	if len(grid) < 2 {
		return curve{}
	}
	columns, width, rows := len(p.data.Table.Columns), p.model.Width(), min(len(p.sample), curveRows)
	x := slices.Clone(p.x[:rows*columns])
	scores := make([][]float64, len(grid)) // by step: width values a row
	for g, v := range grid {
		for i := range rows {
			x[i*columns+j] = v
		}
		scores[g] = make([]float64, rows*width)
		p.model.Predict(x, scores[g])
	}
	best, widest := curve{}, -1.0
	for class := range width {
		c := curve{class: class, steps: slices.Clone(steps)}
		if spread := c.fill(scores, width, p.data.Task != learn.Regression); spread > widest {
			best, widest = c, spread
		}
	}
	return best
}

// describe writes the curve, if there is one to draw, into what is said of its
// feature. Of two classes it is the probability of the second, the positive one.
func (c curve) describe(f *handoff.Feature, classes []string) {
	if len(c.steps) < 2 || slices.ContainsFunc(c.steps, func(s handoff.Step) bool { return !finite(s.Mean) || !finite(s.Low) || !finite(s.High) }) {
		return
	}
	f.Curve = c.steps
	switch len(classes) {
	case 0:
	case 2:
		f.Class = &classes[1]
	default:
		f.Class = &classes[c.class]
	}
}

// fill writes the means and percentiles of one class's scores, and gives by how
// much the mean moves.
func (c *curve) fill(scores [][]float64, width int, classes bool) (spread float64) {
	rows := len(scores[0]) / width
	own := make([]float64, rows) // mean of each row's own curve
	level, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for g := range scores {
		mean := 0.0
		for i := range rows {
			v := scores[g][i*width+c.class]
			mean += v / float64(rows)
			own[i] += v / float64(len(scores))
		}
		c.steps[g].Mean = mean
		level += mean / float64(len(scores))
		low, high = min(low, mean), max(high, mean)
	}
	moved := make([]float64, rows)
	for g := range scores {
		for i := range rows {
			moved[i] = scores[g][i*width+c.class] - own[i] + level
		}
		slices.Sort(moved)
		c.steps[g].Low, c.steps[g].High = moved[(rows-1)/10], moved[rows-1-(rows-1)/10]
		if classes { // the height of the mean may take a row beyond what is possible
			c.steps[g].Low, c.steps[g].High = max(c.steps[g].Low, 0), min(c.steps[g].High, 1)
		}
	}
	return high - low
}

// grid is the values that a curve is looked at, and its steps without scores.
func (p *probeRun) grid(j int) ([]float64, []handoff.Step) {
	columns := len(p.data.Table.Columns)
	var present []float64
	missing := 0
	for i := range p.sample {
		switch v := p.x[i*columns+j]; {
		case math.IsNaN(v):
			missing++
		case !math.IsInf(v, 0):
			present = append(present, v)
		}
	}
	slices.Sort(present)
	var grid []float64
	var steps []handoff.Step
	if c := &p.data.Table.Columns[j]; c.Kind == table.Text {
		grid, steps = levels(present, c.Levels)
	} else {
		grid = numbers(present)
		for _, v := range grid {
			steps = append(steps, handoff.Step{Value: &v})
		}
		for _, v := range present {
			steps[nearest(grid, v)].Rows++
		}
	}
	if missing >= leastRows {
		grid, steps = append(grid, math.NaN()), append(steps, handoff.Step{Rows: missing})
	}
	return grid, steps
}

// levels are the most frequent codes of the rising ones.
func levels(codes []float64, names []string) (grid []float64, steps []handoff.Step) {
	type level struct {
		code float64
		rows int
	}
	var all []level
	for _, code := range codes {
		if n := len(all); n == 0 || all[n-1].code != code {
			all = append(all, level{code: code})
		}
		all[len(all)-1].rows++
	}
	slices.SortStableFunc(all, func(a, b level) int { return cmp.Compare(b.rows, a.rows) })
	for _, l := range all[:min(len(all), gridSteps)] {
		if l.rows >= leastRows {
			grid = append(grid, l.code)
			steps = append(steps, handoff.Step{Level: &names[int(l.code)], Rows: l.rows})
		}
	}
	return grid, steps
}

// numbers are the distinct ones of sorted values, or of too many those at
// equally spaced ranks, rounded to some hundredths of the range: a figure of
// the whole, no row's own.
func numbers(values []float64) []float64 {
	distinct := slices.Compact(slices.Clone(values))
	if len(distinct) <= gridSteps {
		return distinct
	}
	var picked []float64
	for k := range gridSteps {
		picked = append(picked, values[(2*k+1)*len(values)/(2*gridSteps)])
	}
	places := 2 - math.Floor(math.Log10(picked[gridSteps-1]-picked[0]))
	for k, v := range picked {
		if r := round(v, places); finite(r) {
			picked[k] = r
		}
	}
	return slices.Compact(picked)
}

// round is v to so many decimal places, which may be below 0.
func round(v, places float64) float64 {
	if places < 0 {
		unit := math.Pow(10, -places)
		return math.Round(v/unit) * unit
	}
	unit := math.Pow(10, places)
	return math.Round(v*unit) / unit
}

func finite(v float64) bool { return math.Abs(v) <= math.MaxFloat64 }

// nearest is the place of the value in the rising grid that v is nearest to.
func nearest(grid []float64, v float64) int {
	at, _ := slices.BinarySearch(grid, v)
	if at == len(grid) || at > 0 && v-grid[at-1] < grid[at]-v {
		return at - 1
	}
	return at
}
