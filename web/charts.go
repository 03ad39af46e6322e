package web

import (
	"fmt"
	"slices"

	"github.com/septet-ml/septet/handoff"
)

// shownBars bounds the features that the page draws; the others are listed.
const shownBars = 15

// chartOf puts the rows on one scale.
func chartOf(rows []chartRow) chart {
	var tracks []track
	for _, r := range rows {
		tracks = append(tracks, r.track)
	}
	return chart{scaleOf(tracks), rows}
}

// leaderboard shows every candidate's folds, mean and standard error.
func leaderboard(c *handoff.Choice) chart {
	var rows []chartRow
	for _, candidate := range c.Leaderboard {
		low, high := candidate.Mean-candidate.SE, candidate.Mean+candidate.SE
		if candidate.SE == 0 {
			low, high = candidate.Mean, candidate.Mean
		}
		mean := candidate.Mean
		r := chartRow{
			Name: words(candidate.ID), Number: number(mean), Note: candidate.Excluded,
			track: track{
				Value: &mean, Low: &low, High: &high, Points: candidate.Scores,
				Text: fmt.Sprintf("%s: mean %s ± %s over %d folds", words(candidate.ID), number(mean), number(candidate.SE), len(candidate.Scores)),
			},
		}
		switch {
		case slices.Contains(c.Chosen, candidate.ID):
			r.Class, r.Note = "chosen", "chosen"
		case slices.Contains(c.Baselines, candidate.ID):
			r.Class, r.Note = "simple", "simple"
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
			Name: k.Name, Note: k.Formula, Number: number(*k.Importance),
			track: track{Value: k.Importance, Bar: true, Text: fmt.Sprintf("%s: %s lost when its values are shuffled", k.Name, number(*k.Importance))},
		})
	}
	return chartOf(rows)
}

// quality shows the score and its five dimensions.
func quality(d *handoff.Dataset) chart {
	gate := 0.8
	score := d.Quality.Score
	rows := []chartRow{{
		Name: "overall", Number: number(score), Note: "the gate wants 0.80",
		track: track{Value: &score, Bar: true, Mark: &gate, Text: fmt.Sprintf("overall %s, the gate wants 0.80", number(score))},
	}}
	for _, dimension := range d.Quality.Dimensions {
		rows = append(rows, chartRow{
			Name: dimension.Name, Number: number(dimension.Score), Note: fmt.Sprintf("weight %.0f %%", 100*dimension.Weight), Class: "simple",
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
