package train

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/rowfile"
)

// judged is what the sealed test said.
type judged struct {
	metrics   map[string]map[string]handoff.Measure
	baselines map[string]map[string]*float64
	criteria  []handoff.Verdict
	opening   int
	sealed    *sealed
}

// judge opens the sealed test, scores the ensemble and every baseline on the
// same rows, and holds the criteria against it.
func judge(ctx context.Context, d *durable.Desk, bench *fitting.Bench, bags []*crossfit.Bag, r *recipe, in handoff.Choice) (judged, error) {
	var out judged
	dataset := in.Features.Dataset
	opening, err := d.Open(ctx, "test", dataset.Rows.Test)
	if err != nil {
		return out, err
	}
	out.opening = opening
	test, err := rowfile.Read(d.Artifacts, dataset, dataset.Rows.Test, in.Features.Points)
	if err != nil {
		return out, err
	}
	features, err := bench.Transform.Apply(test.Inputs)
	if err != nil {
		return out, err
	}
	threads := max(1, d.Settings.Threads)
	scores, err := r.model().ScoreFeatures(ctx, features, threads)
	if err != nil {
		return out, err
	}
	r.met = r.seen.Count(features)
	sample := metric.Sample{Classes: test.Classes, Target: test.Target, Prediction: scores, Threshold: r.cut(), Group: test.Draws()}
	out.metrics = map[string]map[string]handoff.Measure{
		"validation": measures(r.outOfFold(bench), d.Settings.Seed),
		"test":       measures(sample, d.Settings.Seed),
	}
	out.sealed = look(test, features, sample, metric.Name(dataset.Scope.Metric), r)
	if n := metric.Zeros(test.Target); test.Classes == 0 && n > 0 {
		d.Warn(fmt.Sprintf("mape leaves out %d of the %d test rows, whose value is 0", n, len(test.Target)))
	}
	out.baselines = make(map[string]map[string]*float64)
	primary := metric.Name(dataset.Scope.Metric)
	best := baseline{se: math.NaN()}
	for _, bag := range bags {
		if bag.Repeat != 0 || !slices.Contains(in.Baselines, bag.Candidate.ID) {
			continue
		}
		prediction, err := learn.PredictTable(ctx, bagModel(bench.Fits.Data.Task, bag), features, nil, threads)
		if err != nil {
			return out, err
		}
		sample := sample
		sample.Prediction, sample.Threshold = prediction, 0
		values := make(map[string]*float64)
		for name, v := range metric.All(sample) {
			values[string(name)] = known(v)
		}
		out.baselines[bag.Candidate.ID] = values
		best.offer(bag.Candidate.ID, primary, sample)
	}
	best.compare(primary, sample)
	for _, c := range dataset.Scope.Criteria {
		out.criteria = append(out.criteria, hold(c, sample, out.metrics["test"], best))
	}
	return out, nil
}

// measures are the scores of a sample, all or only some of them, with their
// intervals.
func measures(s metric.Sample, seed uint64, only ...metric.Name) map[string]handoff.Measure {
	out := make(map[string]handoff.Measure)
	intervals := metric.Intervals(s, seed, only...)
	for name, v := range metric.All(s) {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		m := handoff.Measure{Value: known(v)}
		if i, ok := intervals[name]; ok {
			m.Low, m.High = known(i.Low), known(i.High)
		}
		out[string(name)] = m
	}
	return out
}

// known is nil for a figure that is undefined.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// baseline is the simple model with the best primary metric on the test rows.
type baseline struct {
	id     string
	value  float64
	sample metric.Sample
	se     float64 // standard error of the difference to the ensemble; NaN if unknown
}

func (b *baseline) offer(id string, primary metric.Name, s metric.Sample) {
	v := metric.Score(primary, s)
	if math.IsNaN(v) {
		return
	}
	if b.id == "" || metric.HigherIsBetter(primary) == (v > b.value) && v != b.value {
		b.id, b.value, b.sample = id, v, s
	}
}

// compare estimates the standard error of the difference between the ensemble
// and the baseline on the same rows.
func (b *baseline) compare(primary metric.Name, s metric.Sample) {
	if b.id != "" {
		b.se = metric.DifferenceSE(primary, s, b.sample)
	}
}

// hold holds one criterion against the test.
func hold(c handoff.Criterion, s metric.Sample, test map[string]handoff.Measure, best baseline) handoff.Verdict {
	v := handoff.Verdict{Criterion: c}
	name := metric.Name(c.Metric)
	m := test[c.Metric]
	if m.Value == nil {
		score := metric.Score(name, s)
		if m.Value = known(score); m.Value == nil {
			v.Evidence = c.Metric + " is undefined on the test rows"
			return v
		}
	}
	got := *m.Value
	higher := metric.HigherIsBetter(name)
	switch c.Op {
	case ">=":
		v.Met = got >= *c.Value
		v.Evidence = fmt.Sprintf("%s %.4g on the sealed test, asked for at least %.4g", c.Metric, got, *c.Value)
	case "<=":
		v.Met = got <= *c.Value
		v.Evidence = fmt.Sprintf("%s %.4g on the sealed test, asked for at most %.4g", c.Metric, got, *c.Value)
	case "better_than_chance":
		v.Met, v.Evidence = beatsChance(name, s, m)
	case "not_worse_than_baseline":
		if best.id == "" {
			v.Evidence = "no baseline has a " + c.Metric + " on the test rows"
			return v
		}
		se := best.tolerance(name, m)
		v.Met = higher && got >= best.value-se || !higher && got <= best.value+se
		v.Evidence = fmt.Sprintf("%s %.4g on the sealed test, the best simple baseline (%s) %.4g, one standard error %.2g", c.Metric, got, best.id, best.value, se)
	}
	return v
}

const z = 1.959963984540054 // the normal's 97.5 % quantile

// beatsChance tells whether the model is better than a prediction that knows
// only the shares of the classes, or the mean, with the whole 95 % interval.
// Chance has noise of its own where it is a loss, and most of it is the model's
// too: then the interval is that of the difference on the same rows.
func beatsChance(name metric.Name, s metric.Sample, m handoff.Measure) (met bool, evidence string) {
	guess := metric.Guess(s)
	chance, got := metric.Score(name, guess), metric.Score(name, s)
	gain := got - chance
	if !metric.HigherIsBetter(name) {
		gain = -gain
	}
	evidence = fmt.Sprintf("%s %.4g on the sealed test, chance is %.4g", name, got, chance)
	if se := metric.DifferenceSE(name, s, guess); !math.IsNaN(se) && se > 0 {
		return gain > z*se, evidence + fmt.Sprintf(", better by %.4g with a standard error of %.2g", gain, se)
	}
	if metric.HigherIsBetter(name) && m.Low != nil {
		gain = math.Min(gain, *m.Low-chance)
	}
	return gain > 0, evidence
}

// tolerance is how much worse than the baseline a score may be: one standard
// error of the score itself or of the difference, whichever is larger. The
// baseline is the best of several on these very rows, so an equally good model
// looks worse more often than not, and by more than the error of a difference
// of two nearly equal models. The interval of rmse and r2 reaches far where
// the errors may have a longer tail than was seen, which is no error of the
// score: there the shorter arm counts.
func (b *baseline) tolerance(name metric.Name, m handoff.Measure) float64 {
	se := 0.0
	if !math.IsNaN(b.se) {
		se = b.se
	}
	if m.Low != nil && m.High != nil {
		half := (*m.High - *m.Low) / 2
		if name == metric.RMSE || name == metric.R2 {
			half = math.Min(*m.High-*m.Value, *m.Value-*m.Low)
		}
		se = math.Max(se, half/z)
	}
	return se
}

// bless raises a finding for every criterion that is not met; the run stops
// there unless they are waived.
func bless(d *durable.Desk, verdicts []handoff.Verdict) bool {
	unmet := make(map[string]string)
	for _, v := range verdicts {
		if v.Met {
			continue
		}
		if unmet[v.Criterion.Metric] != "" {
			unmet[v.Criterion.Metric] += "; "
		}
		unmet[v.Criterion.Metric] += v.Evidence
	}
	findings := []handoff.Finding{}
	for _, name := range slices.Sorted(maps.Keys(unmet)) {
		findings = append(findings, handoff.Finding{
			Code: "criteria.unmet", Severity: handoff.Blocking, Column: &name, Action: handoff.Stopped,
			Evidence: unmet[name],
			Fix:      fmt.Sprintf("give more or better data, lower the bar with --set criteria.%s=VALUE, or take it on with --waive criteria.unmet:%s=REASON", name, name),
		})
	}
	for _, f := range findings {
		d.Find(f)
	}
	return !handoff.Waive(findings, d.Settings.Waivers)
}
