package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/metric"
)

// simple are the reference models that no model may be worse than.
var simple = []string{"dummy", "linear"}

// report is the table of all sets as Markdown.
func report(title string, sets []set, all []fit) (string, error) {
	var known reference
	if err := json.Unmarshal(published, &known); err != nil {
		return "", fmt.Errorf("reference.json: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", title)
	b.WriteString("| set | metric | bar | goal | measured | folds | over the best simple one | others on the same folds | published | run, s (limit) | processors, s | memory, MB | model, kB |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	var notes []string
	for _, s := range sets {
		fits := of(all, s.Name)
		scored := make(map[string]float64)
		for _, f := range fits {
			at := fmt.Sprintf("fold %d", f.Fold)
			if f.Repeat > 0 {
				at += fmt.Sprintf(" of repeat %d", f.Repeat+1)
			}
			if v, ok := f.Scores[string(s.Metric)]; ok {
				scored[f.place()] = v
			} else {
				notes = append(notes, fmt.Sprintf("%s, %s: no score: %s (exit %d) %s", s.Name, at, f.Status, f.Exit, f.Why))
			}
			if f.Missing > 0 {
				notes = append(notes, fmt.Sprintf("%s, %s: %d rows were not scored", s.Name, at, f.Missing))
			}
		}
		b.WriteString(line(s, fits, scored, known.Scores[s.Name]))
	}
	var packages []string
	for _, name := range slices.Sorted(maps.Keys(known.Versions)) {
		packages = append(packages, name+" "+known.Versions[name])
	}
	b.WriteString("\nMean ± standard error over the folds; times, memory and size are the largest of any fold. **Bold** reaches the goal, ✗ misses the bar. Others, with their own settings: " + strings.Join(packages, ", ") + ".\n")
	for i, n := range notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String(), nil
}

// place names the fold of a fit in the reference.
func (f fit) place() string { return fmt.Sprintf("%d/%d", f.Repeat, f.Fold) }

func of(all []fit, name string) []fit {
	return slices.DeleteFunc(slices.Clone(all), func(f fit) bool { return f.Set != name })
}

// line is a set's line of the table.
func line(s set, fits []fit, scored map[string]float64, others map[string]map[string]float64) string {
	places := slices.Sorted(maps.Keys(scored))
	var values []float64
	for _, k := range places {
		values = append(values, scored[k])
	}
	mean, _ := meanSE(values)
	measured := withError(s, values)
	switch better := metric.HigherIsBetter(s.Metric); {
	case len(values) == 0:
		measured = "none"
	case mean == s.Goal || (mean > s.Goal) == better:
		measured = "**" + measured + "**"
	case mean != s.Bar && (mean > s.Bar) != better:
		measured = "✗ " + measured
	}
	var seconds, cpu, peak, bytes float64
	for _, f := range fits {
		seconds, cpu = math.Max(seconds, f.Seconds), math.Max(cpu, f.CPU)
		peak, bytes = math.Max(peak, float64(f.Peak)), math.Max(bytes, float64(f.Bytes))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %d | %s | %s | %s | %.1f (%g) | %.1f | %.0f | %.0f |\n", s.Name, s.Metric,
		digits(s, s.Bar), digits(s, s.Goal), measured, len(values), overSimple(s, places, scored, others), list(s, places, others), s.Anchor,
		seconds, s.Wall, cpu, peak/(1<<20), bytes/(1<<10))
}

// overSimple is by how much the model is better than the best simple one, on
// the folds that both have.
func overSimple(s set, places []string, scored map[string]float64, others map[string]map[string]float64) string {
	text, least := "", math.Inf(1)
	for _, name := range simple {
		var gains []float64
		for _, k := range places {
			if v, ok := others[name][k]; ok {
				gain := scored[k] - v
				if !metric.HigherIsBetter(s.Metric) {
					gain = -gain
				}
				gains = append(gains, gain)
			}
		}
		if mean, _ := meanSE(gains); len(gains) > 0 && mean < least {
			least, text = mean, fmt.Sprintf("%s (%s)", withError(s, gains), name)
		}
	}
	return text
}

// list is the others' means on the same folds, the best first; those that
// lack one of them are left out.
func list(s set, places []string, others map[string]map[string]float64) string {
	type entry struct {
		name string
		mean float64
	}
	var all []entry
	for _, name := range slices.Sorted(maps.Keys(others)) {
		var values []float64
		for _, k := range places {
			if v, ok := others[name][k]; ok {
				values = append(values, v)
			}
		}
		if mean, _ := meanSE(values); len(values) == len(places) && len(values) > 0 && name != "dummy" {
			all = append(all, entry{name, mean})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		if (a.mean > b.mean) == metric.HigherIsBetter(s.Metric) {
			return -1
		}
		return 1
	})
	var parts []string
	for _, e := range all {
		parts = append(parts, e.name+" "+digits(s, e.mean))
	}
	return strings.Join(parts, ", ")
}

// digits writes a score with as many digits as say something.
func digits(s set, v float64) string {
	if s.Bar > 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// withError is the mean of one value or more, and its standard error where
// there are two.
func withError(s set, values []float64) string {
	mean, se := meanSE(values)
	if math.IsNaN(se) {
		return digits(s, mean)
	}
	return digits(s, mean) + " ± " + digits(s, se)
}

// meanSE is the mean and its standard error, as if the values were drawn
// apart; 0 for none, and NaN as the error of fewer than two.
func meanSE(values []float64) (mean, se float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	if n < 2 {
		return mean, math.NaN()
	}
	for _, v := range values {
		se += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(se / (n - 1) / n)
}
