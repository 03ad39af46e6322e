package handoff

import (
	"math"

	"github.com/septet-ml/septet/metric"
)

var (
	setKinds   = []string{"absolute", "scaled", "least", "adaptive"}
	rules      = []string{"f1", "cost"}
	compared   = []string{"called", "false_positives", "false_negatives", "calibration", "loss"}
	mostPoints = 61 // of a curve
)

// checkDetail holds what is known beside the scores against itself.
func (m Model) checkDetail(l *faultList) {
	task := m.Choice.Features.Dataset.Scope.ProblemType
	if s := m.Sets; s != nil {
		s.check(l, task)
	}
	if d := m.Decision; d != nil {
		d.check(l, task)
	}
	m.Curves.check(l, task)
	for i, b := range m.Groups {
		b.check(l, under("/groups", i), task)
	}
	for i, b := range m.Segments {
		b.check(l, under("/segments", i), task)
	}
	if m.Learning != nil {
		m.Learning.check(l, task)
	}
}

func (s Sets) check(l *faultList, task string) {
	l.must(oneOf(s.Kind, setKinds...), "/sets/kind", "is not a kind", listed(setKinds...))
	l.must((s.Kind == "absolute" || s.Kind == "scaled") == (task == "regression"), "/sets/kind", "does not suit the problem", "intervals for regression, else sets")
	l.must(s.Coverage > 0 && s.Coverage < 1, "/sets/coverage", "is not between 0 and 1", "give a share")
	share(l, "/sets/held", s.Held)
	l.must(s.Low >= 0 && s.Low <= 1, "/sets/low", "is not between 0 and 1", "give a share")
	l.must(s.High >= s.Low && s.High <= 1, "/sets/high", "is not between low and 1", "give a share")
	l.must(s.Size >= 0, "/sets/size", "is negative", "give a mean length or number")
}

func (d Decision) check(l *faultList, task string) {
	l.must(task == "binary", "/decision", "is given, but the problem is not binary", "use null")
	l.must(oneOf(d.Rule, rules...), "/decision/rule", "is not a rule", listed(rules...))
	l.must((d.Rule == "cost") == (d.CostFP != nil), "/decision/cost_fp", "does not go with the rule", "give costs where they decide")
	l.must((d.CostFP == nil) == (d.CostFN == nil), "/decision/cost_fn", "does not go with cost_fp", "give both or none")
	l.must(d.CostFP == nil || *d.CostFP >= 0, "/decision/cost_fp", "is negative", "give a cost")
	l.must(d.CostFN == nil || *d.CostFN >= 0, "/decision/cost_fn", "is negative", "give a cost")
	l.must(d.Capacity == nil || *d.Capacity > 0 && *d.Capacity <= 1, "/decision/capacity", "is not above 0 and at most 1", "give a share")
	share(l, "/decision/called", d.Called)
	ordered(l, "/decision/cost", d.Cost)
}

func (c Curves) check(l *faultList, task string) {
	for _, curve := range []struct {
		at     string
		points []Point
		task   string // "" is any
	}{
		{"/curves/roc", c.ROC, "binary"},
		{"/curves/precision_recall", c.PrecisionRecall, "binary"},
		{"/curves/gain", c.Gain, "binary"},
		{"/curves/reliability", c.Reliability, ""},
	} {
		l.must(len(curve.points) == 0 || curve.task == "" || curve.task == task, curve.at, "is given, but the problem is not binary", "leave it empty")
		l.must(len(curve.points) <= mostPoints, curve.at, "has too many points", "draw fewer")
		for i, p := range curve.points {
			at := under(curve.at, i)
			ordered(l, at, Measure{Value: &p.Y, Low: p.Low, High: p.High})
			l.must(p.Rows >= 0, at+"/rows", "is negative", "count them")
			if curve.task != "" {
				l.must(p.X >= 0 && p.X <= 1, at+"/x", "is not between 0 and 1", "give a share")
				l.must(p.Y >= 0 && p.Y <= 1, at+"/y", "is not between 0 and 1", "give a share")
			}
			if i > 0 && curve.task != "" {
				l.must(p.X >= curve.points[i-1].X, at+"/x", "is below the one before", "list them by x")
			}
		}
	}
	if c.Confusion == nil {
		return
	}
	n := len(c.Confusion.Classes)
	l.must(task != "regression", "/curves/confusion", "is given, but there are no classes", "use null")
	l.must(n >= 2, "/curves/confusion/classes", "are fewer than two", "name the classes")
	l.must(len(c.Confusion.Counts) == n, "/curves/confusion/counts", "does not go with the classes", "give a row per class")
	for i, row := range c.Confusion.Counts {
		at := under("/curves/confusion/counts", i)
		l.must(len(row) == n, at, "does not go with the classes", "give a number per class")
		for k, count := range row {
			l.must(count >= 0, under(at, k), "is negative", "count the rows")
		}
	}
}

func (b Breakdown) check(l *faultList, at, task string) {
	l.must(b.Column != "", at+"/column", "is empty", "name the column")
	names := map[string]bool{}
	for i, g := range b.Groups {
		where := under(at+"/groups", i)
		l.must(!names[g.Group], where+"/group", "was given before", "give each group once")
		names[g.Group] = true
		l.must(g.Rows >= 1, where+"/rows", "is below 1", "leave out groups without rows")
		for _, name := range sortedKeys(g.Scores) {
			checkMetric(l, Pointer(where+"/scores", name), name, task)
			ordered(l, Pointer(where+"/scores", name), g.Scores[name])
		}
		share(l, where+"/called", g.Called)
		share(l, where+"/false_positives", g.FalsePositives)
		share(l, where+"/false_negatives", g.FalseNegatives)
		share(l, where+"/held", g.Held)
		ordered(l, where+"/observed", g.Observed)
	}
	for i, d := range b.Differences {
		where := under(at+"/differences", i)
		l.must(names[d.Group], where+"/group", "is not in the groups", "name one of them")
		l.must(oneOf(d.What, compared...), where+"/what", "is not what is compared", listed(compared...))
		l.must(d.P >= 0 && d.P <= 1, where+"/p", "is not between 0 and 1", "give a probability")
	}
}

func (c Learning) check(l *faultList, task string) {
	l.must(c.Candidate != "", "/learning/candidate", "is empty", "name the candidate")
	checkMetric(l, "/learning/metric", c.Metric, task)
	l.must(len(c.Points) >= 2, "/learning/points", "are fewer than two", "measure at least two sizes")
	for i, p := range c.Points {
		at := under("/learning/points", i)
		l.must(p.Rows >= 1 && (i == 0 || p.Rows > c.Points[i-1].Rows), at+"/rows", "is not above the one before", "list the smallest first")
		l.must(p.SE >= 0, at+"/se", "is negative", "give a standard error")
		checkScore(l, at+"/mean", metric.Name(c.Metric), p.Mean)
	}
	l.must(c.Units >= 0, "/learning/units", "is negative", "count the fits")
	l.must((c.Gain == nil) == (c.GainSE == nil), "/learning/gain_se", "does not go with the gain", "give both or none")
	l.must(c.GainSE == nil || *c.GainSE >= 0, "/learning/gain_se", "is negative", "give a standard error")
	l.must(c.Words != "", "/learning/words", "is empty", "say what it means")
}

// share wants a share of rows, or null.
func share(l *faultList, at string, m Measure) {
	ordered(l, at, m)
	l.must(m.Value == nil || *m.Value >= 0 && *m.Value <= 1, at+"/value", "is not between 0 and 1", "give a share")
}

// ordered wants an interval that holds its value, or none.
func ordered(l *faultList, at string, m Measure) {
	const rounding = 1e-5 // relative, of figures that are kept short
	l.must((m.Low == nil) == (m.High == nil), at+"/low", "and high are not both given", "give both or none")
	l.must(m.Value != nil || m.Low == nil, at+"/low", "is given without a value", "use null")
	if m.Value == nil || m.Low == nil || m.High == nil {
		return
	}
	air := rounding * (1 + math.Abs(*m.Value))
	l.must(*m.Low <= *m.Value+air && *m.Value <= *m.High+air, at+"/high", "does not hold the value with low", "measure again")
}
