package web

import (
	"fmt"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/terminal"
)

// shownBars bounds the features that the page draws; the others are listed.
const shownBars = 10

// chartOf puts the rows on one scale.
func chartOf(rows []chartRow) chart {
	var tracks []track
	for _, r := range rows {
		tracks = append(tracks, r.track)
	}
	return chart{Scale: scaleOf(tracks), Rows: rows}
}

// leaderboard shows every candidate's folds, mean and standard error, and how
// much of the model is made of it (nil where there is none yet).
func leaderboard(c *handoff.Choice, m *handoff.Model) chart {
	weight := map[string]float64{}
	if m != nil {
		for _, member := range m.Members {
			weight[member.ID] = member.Weight
		}
	}
	var rows []chartRow
	for _, candidate := range c.Leaderboard {
		low, high := candidate.Mean-candidate.SE, candidate.Mean+candidate.SE
		if candidate.SE == 0 {
			low, high = candidate.Mean, candidate.Mean
		}
		mean := candidate.Mean
		r := chartRow{
			Name: words(candidate.ID), Number: terminal.Figure(mean), Note: candidate.Excluded,
			track: track{
				Value: &mean, Low: &low, High: &high, Points: candidate.Scores,
				Text: fmt.Sprintf("%s: mean %s ± %s over %d folds", words(candidate.ID), number(mean), number(candidate.SE), len(candidate.Scores)),
			},
		}
		if slices.Contains(c.Baselines, candidate.ID) {
			r.Class, r.Note = "simple", "simple"
		}
		if w := weight[candidate.ID]; w > 0 {
			r.Note = percent(w) + " of the model"
		}
		rows = append(rows, r)
	}
	return chartOf(rows)
}

// importance shows the features that the score depends on most.
func importance(f *handoff.Features) chart {
	measured := slices.DeleteFunc(slices.Clone(f.Kept), func(k handoff.Feature) bool { return k.Importance == nil })
	slices.SortStableFunc(measured, func(a, b handoff.Feature) int { return a.Rank - b.Rank })
	var rows []chartRow
	for _, k := range measured[:min(shownBars, len(measured))] {
		rows = append(rows, chartRow{
			Name: k.Name, Number: number(*k.Importance),
			track: track{Value: k.Importance, Bar: true, Text: fmt.Sprintf("%s: %s lost when its values are shuffled", k.Name, number(*k.Importance))},
		})
	}
	c := chartOf(rows)
	c.Stacked = true
	return c
}

// quality shows the score and its five dimensions.
func quality(d *handoff.Dataset) chart {
	gate := 0.8
	score := d.Quality.Score
	rows := []chartRow{{
		Name: "overall", Number: terminal.Figure(score), Note: "the gate wants 0.80",
		track: track{Value: &score, Bar: true, Mark: &gate, Text: fmt.Sprintf("overall %s, the gate wants 0.80", number(score))},
	}}
	for _, dimension := range d.Quality.Dimensions {
		rows = append(rows, chartRow{
			Name: dimension.Name, Number: terminal.Figure(dimension.Score), Note: fmt.Sprintf("weight %.0f %%", 100*dimension.Weight), Class: "simple",
			track: track{Value: &dimension.Score, Bar: true, Text: dimension.Name + " " + number(dimension.Score)},
		})
	}
	c := chartOf(rows)
	c.Scale = scale{0, 1.0001}
	return c
}

// Axis and Plot draw a chart's parts, for the templates.
func (c chart) Axis() any           { return c.Scale.axis() }
func (c chart) Plot(r chartRow) any { return r.svg(c.Scale) }
