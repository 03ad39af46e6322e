package web

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
)

// effects are the curves of the features that matter most, on one scale.
type effects struct {
	Of     []effect
	Scores string // what the curves are of
	Pairs  []string
}

// effect is how the score moves with one feature: a line over its numbers, or
// a row for each of its levels.
type effect struct {
	Name, Note string
	Line       template.HTML
	From, To   string // ends of the line
	Missing    string // the mean score of rows without a value; "" where it was not looked at
	Levels     *chart
}

// effectsOf draws what the analyzer measured; nil where it measured nothing.
func effectsOf(f *handoff.Features) *effects {
	drawn := slices.DeleteFunc(slices.Clone(f.Kept), func(k handoff.Feature) bool { return len(k.Curve) == 0 })
	if len(drawn) == 0 {
		return nil
	}
	slices.SortStableFunc(drawn, func(a, b handoff.Feature) int { return a.Rank - b.Rank })
	var tracks []track
	for i := range drawn {
		for _, s := range drawn[i].Curve {
			tracks = append(tracks, stepTrack(s))
		}
	}
	shared := scaleOf(tracks)
	e := &effects{Scores: "prediction"}
	for i := range drawn {
		one := drawEffect(&drawn[i], shared)
		switch c := drawn[i].Class; {
		case c == nil:
		case len(f.Dataset.Scope.Classes) > 2:
			e.Scores, one.Note = "probability of the class that is named", *c+": "+one.Note
		default:
			e.Scores = "probability of “" + *c + "”"
		}
		e.Of = append(e.Of, one)
	}
	for _, p := range f.Interactions {
		e.Pairs = append(e.Pairs, fmt.Sprintf("%s and %s (%s)", p.A, p.B, percent(p.Strength)))
	}
	return e
}

func drawEffect(k *handoff.Feature, shared scale) effect {
	out := effect{Name: k.Name}
	low, high := math.Inf(1), math.Inf(-1)
	var levels []chartRow
	var line []handoff.Step
	for _, s := range k.Curve {
		low, high = min(low, s.Mean), max(high, s.Mean)
		switch {
		case s.Value != nil:
			line = append(line, s)
		case s.Level != nil:
			levels = append(levels, levelRow(*s.Level, s))
		case k.Kind == "category":
			levels = append(levels, levelRow("missing", s))
		default:
			out.Missing = number(s.Mean)
		}
	}
	out.Note = number(low) + " to " + number(high)
	if levels != nil {
		out.Levels = &chart{Scale: shared, Rows: levels}
		return out
	}
	if len(line) > 0 {
		out.From, out.To = number(*line[0].Value), number(*line[len(line)-1].Value)
		out.Line = drawLine(k.Name, line, shared)
	}
	return out
}

func levelRow(name string, s handoff.Step) chartRow {
	t := stepTrack(s)
	t.Text = fmt.Sprintf("%s: %s, single rows %s to %s", name, number(s.Mean), number(s.Low), number(s.High))
	return chartRow{Name: name, Number: number(s.Mean), track: t}
}

func stepTrack(s handoff.Step) track { return track{Value: &s.Mean, Low: &s.Low, High: &s.High} }

// drawLine draws steps that have numbers, with the band of single rows' curves
// behind them, in a picture of 100 × 40 that is stretched to the page.
func drawLine(name string, steps []handoff.Step, shared scale) template.HTML {
	first, last := *steps[0].Value, *steps[len(steps)-1].Value
	at := func(s handoff.Step, score float64) string {
		x := 50.0
		if last > first {
			x = 100 * (*s.Value - first) / (last - first)
		}
		y := 40 - 40*(score-shared.low)/(shared.high-shared.low)
		return fmt.Sprintf("%.2f,%.2f", x, min(40, max(0, y)))
	}
	var mean, band []string
	for _, s := range steps {
		mean, band = append(mean, at(s, s.Mean)), append(band, at(s, s.High))
	}
	for _, s := range slices.Backward(steps) {
		band = append(band, at(s, s.Low))
	}
	text := template.HTMLEscapeString(fmt.Sprintf("%s: from %s to %s the mean score goes from %s to %s", name,
		number(first), number(last), number(steps[0].Mean), number(steps[len(steps)-1].Mean)))
	return template.HTML(fmt.Sprintf(`<svg class="sweep" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="%s"><title>%[1]s</title>`+
		`<polygon class="band" points="%s"/><polyline class="mean" points="%s"/></svg>`, text, strings.Join(band, " "), strings.Join(mean, " ")))
}
