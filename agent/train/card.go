package train

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/modelcard"
)

// card is the model card in Markdown. It is part of the model file's bytes, so
// it has nothing that another run with the same result would say differently:
// no time, run id or path, not how the effort was asked for, not how often the
// test was opened before. Source of the sections: Mitchell et al.
// 2019, Model cards for model reporting.
func card(m handoff.Model) string {
	var b strings.Builder
	scope := m.Choice.Features.Dataset.Scope
	fmt.Fprintf(&b, "# %s\n\n", scope.Title)
	intended(&b, scope)
	figures(&b, m)
	rows(&b, m.Choice.Features.Dataset)
	inputs(&b, m.Choice.Features)
	making(&b, m)
	assumptions(&b, scope)
	return modelcard.Inert(b.String())
}

func intended(b *strings.Builder, s handoff.Scope) {
	b.WriteString("## What it predicts\n\n")
	if s.Request != "" {
		fmt.Fprintf(b, "Asked for: %q\n\n", s.Request)
	}
	fmt.Fprintf(b, "- problem: %s\n", s.ProblemType)
	if s.Target != nil {
		fmt.Fprintf(b, "- answer: column %s of table %s\n", s.Target.Column, s.Target.Table)
		if s.Target.Positive != nil {
			fmt.Fprintf(b, "- positive class: %s\n", *s.Target.Positive)
		}
	}
	if l := s.Label; l != nil {
		fmt.Fprintf(b, "- answer: built from events of table %s: %s; %d days before the snapshot, a gap of %d days, %d days after it\n",
			l.EventTable, l.Condition, l.ObservationDays, l.GapDays, l.LabelDays)
	}
	if len(s.Entity) > 0 {
		fmt.Fprintf(b, "- one prediction per: %s\n", strings.Join(s.Entity, " × "))
	}
	if s.AsOf != nil {
		fmt.Fprintf(b, "- data up to: %s\n", *s.AsOf)
	}
	b.WriteString("\n")
}

func figures(b *strings.Builder, m handoff.Model) {
	b.WriteString("## How good it is\n\nOn the sealed test rows, opened after everything was decided; 95 % intervals in brackets.\n\n")
	names := slices.Sorted(maps.Keys(m.Baselines))
	fmt.Fprintf(b, "| metric | sealed test | out of fold |%s\n|---|---|---|%s\n", joined(names, " %s |"), strings.Repeat("---|", len(names)))
	for _, name := range metric.For(m.Choice.Features.Dataset.Scope.ProblemType) {
		fmt.Fprintf(b, "| %s | %s | %s |", name, measure(m.Metrics["test"][string(name)]), measure(m.Metrics["validation"][string(name)]))
		for _, base := range names {
			fmt.Fprintf(b, " %s |", figure(m.Baselines[base][string(name)]))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, v := range m.Verdicts {
		mark := "met"
		if !v.Met {
			mark = "NOT met"
		}
		fmt.Fprintf(b, "- criterion %s: %s\n", mark, v.Evidence)
	}
	modelcard.Tested{
		Task: m.Choice.Features.Dataset.Scope.ProblemType, Sets: m.Sets, Decision: m.Decision, Groups: m.Groups, Segments: m.Segments, Learning: m.Learning,
	}.Write(b, "##")
	b.WriteString("\n")
}

func rows(b *strings.Builder, d handoff.Dataset) {
	fmt.Fprintf(b, "## Data\n\nQuality %.2f of 1. Parts cut by: %s.\n\n| part | rows | positive | from | to |\n|---|---|---|---|---|\n", d.Quality.Score, d.Policy.By)
	for _, part := range []string{"train", "validation", "test", "holdout", "purged"} {
		s, ok := d.Splits[part]
		if !ok {
			continue
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", part, s.Rows, orDash(s.Positives), orDash(s.From), orDash(s.To))
	}
	b.WriteString("\n")
	for _, x := range d.Scope.Exclude {
		fmt.Fprintf(b, "- left out: %s (%s)\n", x.Column, x.Reason)
	}
	b.WriteString("\n")
}

func inputs(b *strings.Builder, f handoff.Features) {
	b.WriteString("## What it looks at\n\nImportance: loss of the primary metric when the feature is shuffled on validation rows.\n\n| feature | formula | importance |\n|---|---|---|\n")
	kept := slices.Clone(f.Kept)
	slices.SortStableFunc(kept, func(a, b handoff.Feature) int { return cmp.Compare(a.Rank, b.Rank) })
	const shown = 40
	for _, k := range kept[:min(len(kept), shown)] {
		fmt.Fprintf(b, "| %s | %s | %s |\n", modelcard.Cell(k.Name), modelcard.Cell(k.Formula), figure(k.Importance))
	}
	if len(kept) > shown {
		fmt.Fprintf(b, "| and %d more | | |\n", len(kept)-shown)
	}
	b.WriteString("\n")
}

func making(b *strings.Builder, m handoff.Model) {
	fmt.Fprintf(b, "## How it was made\n\n%s\n\n", m.Choice.Rationale)
	for _, x := range m.Members {
		fmt.Fprintf(b, "- %s: weight %.3g, %d fits\n", x.ID, x.Weight, x.Fits)
	}
	fmt.Fprintf(b, "- calibration: %s\n", m.Calibration)
	if m.Threshold != nil {
		fmt.Fprintf(b, "- called positive from %.4g on, chosen out of fold\n", *m.Threshold)
	}
	fmt.Fprintf(b, "- effort: %d units\n", m.Effort.Units)
	for _, n := range m.Notes {
		fmt.Fprintf(b, "- %s\n", n)
	}
	b.WriteString("\n")
}

func assumptions(b *strings.Builder, s handoff.Scope) {
	if len(s.Assumptions) == 0 {
		return
	}
	b.WriteString("## Assumptions\n\n")
	for _, a := range s.Assumptions {
		fmt.Fprintf(b, "- %s (confidence %.2f: %s)\n", a.Text, a.Confidence, a.Because)
	}
}

func measure(m handoff.Measure) string {
	if m.Low == nil || m.High == nil {
		return figure(m.Value)
	}
	return fmt.Sprintf("%s (%s to %s)", figure(m.Value), figure(m.Low), figure(m.High))
}

func figure(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.4g", *v)
}

func orDash[T any](v *T) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprint(*v)
}

func joined(names []string, format string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, format, n)
	}
	return b.String()
}

// headline is the trainer's line on the terminal.
func headline(m handoff.Model) string {
	name := m.Choice.Features.Dataset.Scope.Metric
	test := m.Metrics["test"][name]
	text := fmt.Sprintf("%s %s on the sealed test · %d units", name, measure(test), m.Effort.Units)
	if !m.Blessed {
		text += " · criteria not met"
	}
	return text
}
