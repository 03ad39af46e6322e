package terminal

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/problem"
)

// shownWarnings is how many warnings the verdict repeats.
const shownWarnings = 5

// Verdict writes how a run ended: what the model is worth, what to know of it,
// where it serves, and what to do next.
func Verdict(w io.Writer, s Style, o pipeline.RunObject) {
	b := block{w: w, style: s}
	fmt.Fprintln(w)
	b.ending(o)
	b.scores(o)
	b.warnings(o)
	b.questions(o)
	b.serving(o)
}

// block writes lines under a name that stands before the first of them.
type block struct {
	w     io.Writer
	style Style
}

func (b block) lines(name string, lines ...string) {
	for i, line := range lines {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(b.w, "  %s %s\n", b.style.strong(fmt.Sprintf("%-12s", name)), line)
	}
}

// ending is one line where the run is not complete.
func (b block) ending(o pipeline.RunObject) {
	s := b.style
	switch o.Status {
	case "planned":
		b.plan(o)
		b.lines("plan", "nothing was trained; without --plan it is done")
	case "partial":
		next := ""
		if o.Model != nil {
			next = "; to serve the model: septet deploy " + o.Model.Name
		}
		b.lines("partial", s.warning("ended early, as asked")+next)
	case "blocked":
		b.lines("blocked", s.bad("a gate said no")+"; nothing was deployed")
	case "not_deployed":
		b.lines("refused", s.bad("the model was made but not deployed")+"; what served before still serves")
	case "failed":
		b.lines("failed", s.bad("the run failed")+"; when it is mended: septet resume "+o.RunID)
	case "interrupted":
		b.lines("stopped", s.warning("interrupted")+"; go on with: septet resume "+o.RunID)
	}
}

// scores says what the model is worth on the sealed test, beside the simple
// models and with its interval.
func (b block) scores(o pipeline.RunObject) {
	test := o.Metrics["test"]
	if o.Scope == nil || test == nil {
		return
	}
	lines := []string{b.score(o, o.Scope.Metric)}
	var more []string
	if lift := test["lift_at_10pct"].Value; lift != nil {
		more = append(more, fmt.Sprintf("the top 10 %% hold %.1f × their share of %s", *lift, positive(o)))
	}
	if ece := test["ece"].Value; ece != nil {
		more = append(more, fmt.Sprintf("calibrated within %.1f points", 100**ece))
	}
	if r2 := test["r2"].Value; r2 != nil && o.Scope.Metric != "r2" {
		more = append(more, fmt.Sprintf("explains %.1f %% of the variance", 100**r2))
	}
	if acc := test["accuracy"].Value; acc != nil && o.Scope.ProblemType == "multiclass" && o.Scope.Metric != "accuracy" {
		more = append(more, fmt.Sprintf("accuracy %.3f", *acc))
	}
	if len(more) > 0 {
		lines = append(lines, strings.Join(more, " · "))
	}
	for _, v := range o.Verdicts {
		if !v.Met {
			lines = append(lines, b.style.bad("not met: ")+v.Evidence)
		}
	}
	if o.Effort.Capped && o.Effort.Units != nil {
		lines = append(lines, fmt.Sprintf("the budget ended the work early; --effort %d does the same again", *o.Effort.Units))
	}
	b.lines("verdict", lines...)
}

func positive(o pipeline.RunObject) string {
	if o.Scope.Target != nil && o.Scope.Target.Positive != nil {
		return fmt.Sprintf("%s = %s", o.Scope.Target.Column, *o.Scope.Target.Positive)
	}
	return "the positives"
}

func (b block) score(o pipeline.RunObject, name string) string {
	m := o.Metrics["test"][name]
	if m.Value == nil {
		return name + " is not defined on the sealed test"
	}
	text := b.style.strong(fmt.Sprintf("%s %s", Label(name), Figure(*m.Value)))
	if m.Low != nil && m.High != nil {
		text += fmt.Sprintf(" (%s–%s)", Figure(*m.Low), Figure(*m.High))
	}
	text += " on the sealed test"
	if who, best := BestBaseline(o.Baselines, name); who != "" {
		text += fmt.Sprintf("; best simple model %s (%s)", Figure(best), strings.ReplaceAll(who, "_", " "))
	}
	return text
}

// BestBaseline is the simple model with the best score of name; "" if none
// has one.
func BestBaseline(baselines map[string]map[string]*float64, name string) (who string, best float64) {
	var names []string
	for n := range baselines {
		names = append(names, n)
	}
	slices.Sort(names)
	higher := metric.HigherIsBetter(metric.Name(name))
	for _, n := range names {
		v := baselines[n][name]
		if v == nil {
			continue
		}
		if who == "" || higher && *v > best || !higher && *v < best {
			who, best = n, *v
		}
	}
	return who, best
}

// Label is a metric's name as people write it.
func Label(name string) string {
	switch name {
	case "auc", "ece", "rmse", "mae", "mape":
		return strings.ToUpper(name)
	case "r2":
		return "R²"
	case "f1":
		return "F1"
	case "lift_at_10pct":
		return "lift of the top 10 %"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Figure writes a score with three places, or four figures where it is large
// or tiny.
func Figure(v float64) string {
	a := math.Abs(v)
	switch {
	case a >= 1000:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.4g", v)
	case a != 0 && a < 0.001:
		return fmt.Sprintf("%.2g", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// warnings repeats what was found and is not waived, the worst first.
func (b block) warnings(o pipeline.RunObject) {
	lines := Warnings(o)
	if len(lines) == 0 {
		return
	}
	if more := len(lines) - shownWarnings; more > 0 {
		lines = append(lines[:shownWarnings], fmt.Sprintf("and %d more: septet runs show %s --warnings", more, o.RunID))
	}
	b.lines("warnings", lines...)
}

// Warnings is one line for each finding that a person should know, the worst
// first, and for each other warning.
func Warnings(o pipeline.RunObject) []string {
	var lines []string
	for _, severity := range []handoff.Severity{handoff.Blocking, handoff.Warning} {
		for _, f := range o.Findings {
			if f.Severity != severity || f.Action == handoff.Waived {
				continue
			}
			where := ""
			if f.Column != nil {
				where = " " + *f.Column
			}
			did := ""
			if f.Action == handoff.Removed || f.Action == handoff.Repaired {
				did = " (" + string(f.Action) + ")"
			}
			lines = append(lines, fmt.Sprintf("%s%s%s: %s", f.Code, where, did, f.Evidence))
		}
	}
	return append(lines, o.Warnings...)
}

func (b block) questions(o pipeline.RunObject) {
	var lines []string
	for _, q := range o.Questions {
		line := q.Text + "  --set " + q.ID + "="
		if q.Default != nil {
			line += *q.Default + " (default)"
		} else {
			line += "VALUE"
		}
		if len(q.Options) > 0 {
			line += "; one of " + strings.Join(q.Options, ", ")
		}
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		lines = append(lines, "answer with --set, or take the defaults with --yes")
	}
	b.lines("question", lines...)
}

// serving says where the model is and how to use it.
func (b block) serving(o pipeline.RunObject) {
	if o.Model != nil {
		b.lines("model", fmt.Sprintf("%s version %d  %s", o.Model.Name, o.Model.Version, b.style.faint(o.Model.Path)))
	}
	d := o.Deployment
	if d == nil || d.URL == nil || d.Status != "serving" {
		return
	}
	slot := ""
	if d.Slot != nil {
		slot = "   " + *d.Slot
		if d.Previous != nil {
			slot += ", the one before is kept warm"
		}
	}
	b.lines("live", b.style.accent(*d.URL)+slot, "undo: septet rollback "+o.Model.Name)
}

// Ended writes why a run did not complete, as an error is written.
func Ended(w io.Writer, s Style, o pipeline.RunObject) {
	e := o.Error
	if e == nil || o.Status == "needs_input" {
		return
	}
	p := problem.Problem{Code: e.Code, What: e.What, Nearest: e.Nearest}
	for _, f := range []struct {
		to   *string
		from *string
	}{{&p.Where, e.Where}, {&p.Why, e.Why}, {&p.Fix, e.Fix}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	Problem(w, s, &p)
}
