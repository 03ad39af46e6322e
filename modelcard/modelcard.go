// Package modelcard writes in Markdown what the sealed test says of a model
// beside its scores. The card in a model file and the report of a run share
// it.
package modelcard

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
)

// Tested is what there is to write; what was not measured is nil or empty.
type Tested struct {
	Task     string // binary, multiclass, regression
	Sets     *handoff.Sets
	Decision *handoff.Decision
	Groups   []handoff.Breakdown
	Segments []handoff.Breakdown
	Learning *handoff.Learning
}

// Write writes the sections, each with a heading that begins with heading
// ("##").
func (t Tested) Write(b *strings.Builder, heading string) {
	t.sets(b)
	if text := Calls(t.Decision); text != "" {
		b.WriteString("\n" + text + "\n")
	}
	t.groups(b, heading)
	t.segments(b, heading)
	t.learning(b, heading)
}

// sets is what the model's intervals or sets of classes promise and kept.
func (t Tested) sets(b *strings.Builder) {
	s := t.Sets
	if s == nil {
		return
	}
	what, size := "sets of classes", fmt.Sprintf("A set has %.3g classes on average.", s.Size)
	if t.Task == "regression" {
		what, size = "intervals", fmt.Sprintf("Their mean length is %.4g.", s.Size)
	}
	fmt.Fprintf(b, "\nBeside each prediction it can give %s that promise to hold the truth of %s of new rows like those it was made from. On the sealed test they held it in %s of the rows; a kept promise gives %s to %s. %s\n",
		what, percent(&s.Coverage), Share(s.Held), percent(&s.Low), percent(&s.High), size)
}

// Calls says in words what the threshold does on the sealed test; "" without
// one.
func Calls(d *handoff.Decision) string {
	if d == nil {
		return ""
	}
	var text string
	switch {
	case d.Rule == "f1":
		text = "The threshold is the one with the best F1 out of fold"
	default:
		text = fmt.Sprintf("The threshold is chosen by a cost of %.4g for a false alarm and %.4g for a miss", *d.CostFP, *d.CostFN)
	}
	if d.Capacity != nil {
		text += fmt.Sprintf(", calling at most %s of the rows", percent(d.Capacity))
	}
	text += fmt.Sprintf(". On the sealed test it calls %s of the rows positive", Share(d.Called))
	if d.Cost.Value != nil && d.CostNone != nil && d.CostAll != nil {
		text += fmt.Sprintf(", at a cost of %s a row; calling none costs %s, calling all %s", Figure(d.Cost), number(*d.CostNone), number(*d.CostAll))
	}
	return text + "."
}

func (t Tested) groups(b *strings.Builder, heading string) {
	if len(t.Groups) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s By group\n\nOn the sealed test, with 95 %% intervals of each figure by itself.\n", heading)
	for _, g := range t.Groups {
		fmt.Fprintf(b, "\n**%s**\n\n", Cell(g.Column))
		t.table(b, g.Groups)
		b.WriteString("\n" + Differences(g) + "\n")
	}
}

// worst is how many segments are shown.
const worst = 6

// segments are the groups of all columns with the largest loss.
func (t Tested) segments(b *strings.Builder, heading string) {
	if len(t.Segments) == 0 {
		return
	}
	shown, of := Worst(t.Segments, t.Loss(), worst)
	fmt.Fprintf(b, "\n%s Where it is worst\n\nThe %d of %d segments of the sealed test with the largest %s. The worst of many look worse than they are: an asterisk marks those whose loss is more than noise, corrected for all of them.\n\n",
		heading, len(shown), of, words(t.Loss()))
	t.table(b, shown)
}

// learning is whether more rows would help.
func (t Tested) learning(b *strings.Builder, heading string) {
	l := t.Learning
	if l == nil {
		return
	}
	fmt.Fprintf(b, "\n%s Would more rows help?\n\n%s.\n\n| rows of %s | %s, out of fold |\n|---:|---:|\n", heading, sentence(l.Words), words(l.Candidate), words(l.Metric))
	for _, p := range l.Points {
		fmt.Fprintf(b, "| %d | %.4g ± %.2g |\n", p.Rows, p.Mean, p.SE)
	}
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// Loss is the score that segments are ordered by.
func (t Tested) Loss() string {
	if t.Task == "regression" {
		return "mae"
	}
	return "log_loss"
}

// Worst is the groups of all breakdowns with the largest loss, named with
// their column, and how many there are in all. The name of one whose loss is
// larger than that of the others by more than noise ends with an asterisk.
func Worst(all []handoff.Breakdown, loss string, most int) (shown []handoff.Group, of int) {
	for _, b := range all {
		for _, g := range b.Groups {
			larger := slices.ContainsFunc(b.Differences, func(d handoff.Difference) bool {
				same := d.Group == g.Group || len(b.Groups) == 2 // there the first stands for both
				return d.What == "loss" && same && (d.Value > d.Others) == (d.Group == g.Group)
			})
			g.Group = b.Column + ": " + g.Group
			if larger {
				g.Group += " *"
			}
			shown = append(shown, g)
		}
	}
	slices.SortStableFunc(shown, func(x, y handoff.Group) int { return cmp.Compare(value(y, loss), value(x, loss)) })
	return shown[:min(most, len(shown))], len(shown)
}

func value(g handoff.Group, score string) float64 {
	if m := g.Scores[score]; m.Value != nil {
		return *m.Value
	}
	return math.Inf(-1)
}

// table has a line for each group.
func (t Tested) table(b *strings.Builder, groups []handoff.Group) {
	header, rows := t.Table(groups)
	fmt.Fprintf(b, "| %s |\n|---|%s\n", strings.Join(header, " | "), strings.Repeat("---:|", len(header)-1))
	for _, cells := range rows {
		cells[0] = Cell(cells[0])
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

// Table is the groups as texts; the first column names the group.
func (t Tested) Table(groups []handoff.Group) (header []string, rows [][]string) {
	var scores []string
	for _, g := range groups {
		scores = slices.AppendSeq(scores, maps.Keys(g.Scores))
	}
	slices.Sort(scores)
	scores = slices.Compact(scores)
	header = []string{"group", "rows"}
	for _, n := range scores {
		header = append(header, words(n))
	}
	header = append(header, "predicted", "observed")
	if t.Task == "binary" {
		header = append(header, "called positive", "false positives", "false negatives")
	}
	if t.Sets != nil {
		header = append(header, "held")
	}
	for _, g := range groups {
		cells := []string{g.Group, fmt.Sprint(g.Rows)}
		for _, n := range scores {
			cells = append(cells, Figure(g.Scores[n]))
		}
		cells = append(cells, Figure(handoff.Measure{Value: g.Predicted}), Figure(g.Observed))
		if t.Task == "binary" {
			cells = append(cells, Share(g.Called), Share(g.FalsePositives), Share(g.FalseNegatives))
		}
		if t.Sets != nil {
			cells = append(cells, Share(g.Held))
		}
		rows = append(rows, cells)
	}
	return header, rows
}

// What says in words what is compared.
func What(quantity string) string {
	switch quantity {
	case "called":
		return "share called positive"
	case "false_positives":
		return "false-positive rate"
	case "false_negatives":
		return "false-negative rate"
	case "calibration":
		return "observed less predicted"
	}
	return quantity + " a row"
}

// Differences says in words what differs between the groups of a column.
func Differences(b handoff.Breakdown) string {
	if len(b.Differences) == 0 {
		return "No difference between the groups is more than noise."
	}
	var parts []string
	for _, d := range b.Differences {
		parts = append(parts, fmt.Sprintf("%s %.3g in %s, %.3g in the others (p %s)", What(d.What), d.Value, Cell(d.Group), d.Others, chance(d.P)))
	}
	const most = 4
	if n := len(parts) - most; n > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more", n))
	}
	return "More than noise: " + strings.Join(parts, "; ") + ". p is corrected for all comparisons."
}

func chance(p float64) string {
	if p < 1e-4 {
		return "below 0.0001"
	}
	return fmt.Sprintf("%.1g", p)
}

// Figure is a figure with its interval.
func Figure(m handoff.Measure) string {
	switch {
	case m.Value == nil:
		return "–"
	case m.Low == nil || m.High == nil:
		return number(*m.Value)
	}
	return fmt.Sprintf("%s (%s to %s)", number(*m.Value), number(*m.Low), number(*m.High))
}

// number is three figures, and all those before the point.
func number(v float64) string {
	if a := math.Abs(v); a >= 100 && a < 1e15 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Share is a share in percent with its interval.
func Share(m handoff.Measure) string {
	if m.Low == nil || m.High == nil {
		return percent(m.Value)
	}
	return fmt.Sprintf("%s (%.1f to %.1f)", percent(m.Value), 100**m.Low, 100**m.High)
}

func percent(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100**v)
}

func words(id string) string { return strings.ReplaceAll(id, "_", " ") }

// Cell keeps a text inside its cell of a table.
func Cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }

// Inert keeps names and values of the data from being HTML or links where a
// text is shown that has neither itself.
func Inert(text string) string {
	return strings.NewReplacer("<", `\<`, "](", `]\(`).Replace(text)
}
