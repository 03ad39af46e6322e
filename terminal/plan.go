package terminal

import (
	"fmt"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/pipeline"
)

// plan says what was understood of the request, and what was taken for granted.
func (b block) plan(o pipeline.RunObject) {
	s := o.Scope
	if s == nil {
		return
	}
	b.lines("predict", b.style.strong(s.Title)+" ("+s.ProblemType+")")
	switch {
	case s.Target != nil && s.Target.Positive != nil:
		b.lines("target", fmt.Sprintf("%s.%s, positive is %s", s.Target.Table, s.Target.Column, *s.Target.Positive))
	case s.Target != nil:
		b.lines("target", s.Target.Table+"."+s.Target.Column)
	case s.Label != nil:
		b.lines("label", fmt.Sprintf("%s in %s", s.Label.Condition, s.Label.EventTable),
			fmt.Sprintf("%d days before, %d days gap, %d days after, %d snapshots", s.Label.ObservationDays, s.Label.GapDays, s.Label.LabelDays, len(s.Label.Snapshots)))
	}
	if len(s.Entity) > 0 {
		b.lines("for each", strings.Join(s.Entity, " × "))
	}
	for i, f := range s.Filters {
		b.lines(map[bool]string{true: "only", false: ""}[i == 0], fmt.Sprintf("%s.%s %s %s", f.Table, f.Column, f.Op, f.Value))
	}
	split := s.SplitBy
	if s.Time != nil {
		split += ", time is " + *s.Time
	} else if len(s.TimeParts) > 0 {
		split += ", time is " + strings.Join(s.TimeParts, ", ")
	}
	if s.AsOf != nil {
		split += ", as of " + *s.AsOf
	}
	b.lines("split", split)
	var bars []string
	for _, c := range s.Criteria {
		bars = append(bars, criterion(c))
	}
	b.lines("good if", strings.Join(bars, "; "))
	var out []string
	for _, e := range s.Exclude {
		out = append(out, fmt.Sprintf("%s: %s", e.Column, e.Reason))
	}
	b.lines("left out", out...)
	var assumed []string
	for _, a := range s.Assumptions {
		assumed = append(assumed, fmt.Sprintf("%s %s", a.Text, b.style.faint(fmt.Sprintf("(%.0f %%: %s)", 100*a.Confidence, a.Because))))
	}
	b.lines("assumed", assumed...)
	b.lines("effort", o.Effort.Asked)
}

// criterion is a bar in words.
func criterion(c handoff.Criterion) string {
	name := Label(c.Metric)
	switch {
	case c.Op == "better_than_chance":
		return name + " is better than chance with its whole interval"
	case c.Op == "not_worse_than_baseline":
		return name + " is not worse than the best simple model by more than one standard error"
	case c.Value != nil:
		return fmt.Sprintf("%s %s %s", name, c.Op, Figure(*c.Value))
	}
	return name + " " + c.Op
}
