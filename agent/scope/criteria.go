package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/settings"
)

// Criteria that compare with something else than a number.
const (
	betterThanChance = "better_than_chance"
	notWorse         = "not_worse_than_baseline"
)

// natural is the direction of a bar for a score: ">=" where more is better.
func natural(name string) string {
	if metric.HigherIsBetter(metric.Name(name)) {
		return ">="
	}
	return "<="
}

// inUnit tells whether a score lies between 0 and 1.
func inUnit(name string) bool {
	return !slices.Contains([]metric.Name{metric.LogLoss, metric.LiftAt10Pct, metric.RMSE, metric.MAE, metric.R2, metric.MAPE}, metric.Name(name))
}

// chooseCriteria sets the primary score and the bars. A request that names a
// score only in a bar makes it the primary one.
func (d *draft) chooseCriteria() error {
	said := d.r.said
	name, _, given := d.given("/metric", "--metric", d.settings.Metric, "", d.spec.Metric)
	switch {
	case given:
		parsed, err := metric.Parse(name)
		if err != nil {
			return err
		}
		name = string(parsed)
	case said.metric != "":
		name = said.metric
	case len(said.criteria) > 0:
		name = said.criteria[0].Metric
		d.assume(0.8, "the request names it in a bar", "%s is the primary score", name)
	default:
		name = string(metric.Primary(d.ProblemType))
		d.clause("/metric", "usual for "+d.ProblemType, fromDefault)
	}
	d.Metric = name
	if err := d.applies(name, "the primary score"); err != nil {
		return err
	}
	d.Criteria = d.spec.Criteria
	if d.Criteria == nil {
		d.Criteria = append([]handoff.Criterion{{Metric: name, Op: betterThanChance}, {Metric: name, Op: notWorse}}, said.criteria...)
		d.clause("/criteria", "better than chance, and not worse than the best simple baseline", fromDefault)
	}
	for _, bar := range settings.Bars(d.settings.Set) {
		value := bar.Value
		d.Criteria = slices.DeleteFunc(slices.Clone(d.Criteria), func(c handoff.Criterion) bool { return c.Metric == string(bar.Metric) && c.Value != nil })
		d.Criteria = append(d.Criteria, handoff.Criterion{Metric: string(bar.Metric), Op: natural(string(bar.Metric)), Value: &value})
		d.clause(fmt.Sprintf("/criteria/%d", len(d.Criteria)-1), fmt.Sprintf("--set criteria.%s=%g", bar.Metric, bar.Value), fromFlag)
	}
	for _, c := range d.Criteria {
		if err := d.applies(c.Metric, "a criterion"); err != nil {
			return err
		}
	}
	return nil
}

// applies refuses a score that has no meaning for the problem.
func (d *draft) applies(name, as string) error {
	if metric.Applies(metric.Name(name), d.ProblemType) {
		return nil
	}
	var right []string
	for _, n := range metric.For(d.ProblemType) {
		right = append(right, string(n))
	}
	return &problem.Problem{
		Kind: problem.Blocked, Code: "scope.metric", Where: "/metric",
		What: fmt.Sprintf("%s cannot be %s of a %s problem", name, as, d.ProblemType),
		Why:  "the target is " + d.goal(), Nearest: right[:min(3, len(right))],
		Fix: "use one of " + strings.Join(right, ", "),
	}
}

// goal names what is predicted.
func (d *draft) goal() string {
	if d.target != nil {
		return "column " + d.target.String()
	}
	return "made from the events of " + d.Label.EventTable
}
