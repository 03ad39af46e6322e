package web

import (
	"fmt"

	"github.com/septet-ml/septet/handoff"
)

// Plots are the curves of the sealed test, as far as the problem has them.
func (p *runPage) Plots() []plot {
	c := p.Model.Curves
	var all []plot
	diagonal := []point{{0, 0}, {1, 1}}
	score := func(name string) string {
		if m := p.Model.Metrics["test"][name]; m.Value != nil {
			return number(*m.Value)
		}
		return "–"
	}
	if len(c.ROC) > 0 {
		all = append(all, plot{
			Title: "ROC", X: "share of the negatives called", Note: "up: share of the positives called; area (AUC) " + score("auc"),
			Points: c.ROC, Base: diagonal, x: share, y: share, text: "ROC curve, area " + score("auc"),
		})
	}
	if len(c.PrecisionRecall) > 0 {
		rate := c.PrecisionRecall[len(c.PrecisionRecall)-1].Y
		all = append(all, plot{
			Title: "Precision and recall", X: "share of the positives called (recall)", Note: "up: share of the called that are positive; average precision " + score("average_precision"),
			Points: c.PrecisionRecall, Base: []point{{0, rate}, {1, rate}}, x: share, y: share,
			text: fmt.Sprintf("precision over recall, average precision %s; %s of all are positive", score("average_precision"), percent(rate)),
		})
	}
	if len(c.Gain) > 0 {
		all = append(all, plot{
			Title: "Gain", X: "share of the rows called", Note: "up: share of the positives called; lift of the top tenth " + score("lift_at_10pct"),
			Points: c.Gain, Base: diagonal, x: share, y: share, text: "gain curve, lift of the top tenth " + score("lift_at_10pct"),
		})
	}
	if len(c.Reliability) > 0 {
		all = append(all, p.reliability(c.Reliability))
	}
	if l := p.Model.Learning; l != nil {
		all = append(all, learning(l))
	}
	return all
}

// learning is the score of one candidate on parts of the training rows.
func learning(l *handoff.Learning) plot {
	out := plot{Title: "Would more rows help?", X: "training rows of " + words(l.Candidate), Note: l.Words, Dots: true, text: "learning curve: " + l.Words}
	var tracks []track
	for _, p := range l.Points {
		low, high := p.Mean-p.SE, p.Mean+p.SE
		tracks = append(tracks, track{Low: &low, High: &high})
		out.Points = append(out.Points, handoff.Point{X: float64(p.Rows), Y: p.Mean, Low: &low, High: &high})
		out.Base = append(out.Base, point{float64(p.Rows), p.Mean})
	}
	out.x = scale{0, 1.05 * float64(l.Points[len(l.Points)-1].Rows)}
	out.y = scaleOf(tracks)
	return out
}

// reliability is what was claimed against what came true.
func (p *runPage) reliability(points []handoff.Point) plot {
	out := plot{Title: "Calibration", X: "predicted probability", Note: "up: share that came true", Points: points, Dots: true, x: share, y: share}
	switch p.Scope.ProblemType {
	case "regression":
		out.Title, out.X, out.Note = "Predicted and observed", "predicted", "up: mean of what was observed, in bins of as many rows"
		out.x = scaleOf([]track{{Points: values(points)}})
		out.y = out.x
	case "multiclass":
		out.X, out.Note = "probability of the most probable class", "up: how often it was right"
	}
	out.Base = []point{{out.x.low, out.x.low}, {out.x.high, out.x.high}}
	out.text = fmt.Sprintf("%s: %d of %d bins have the line of what was predicted in their 95 %% interval", out.Title, within(points), len(points))
	return out
}

// values are all coordinates of points, with the ends of the intervals.
func values(points []handoff.Point) []float64 {
	var out []float64
	for _, q := range points {
		out = append(out, q.X, q.Y)
		if q.Low != nil && q.High != nil {
			out = append(out, *q.Low, *q.High)
		}
	}
	return out
}

// within counts the points whose interval has what was predicted.
func within(points []handoff.Point) int {
	n := 0
	for _, q := range points {
		if q.Low != nil && q.High != nil && *q.Low <= q.X && q.X <= *q.High {
			n++
		}
	}
	return n
}

// Confusion is the table of classes and what they are called; nil where there
// are none.
func (p *runPage) Confusion() *grid {
	c := p.Model.Curves.Confusion
	if c == nil {
		return nil
	}
	g := &grid{Header: []string{"is"}}
	for _, class := range c.Classes {
		g.Header = append(g.Header, "called "+class)
	}
	g.Header = append(g.Header, "rows")
	for i, class := range c.Classes {
		total := 0
		for _, n := range c.Counts[i] {
			total += n
		}
		row := []string{class}
		for _, n := range c.Counts[i] {
			text := count(n)
			if total > 0 {
				text += " · " + percent(float64(n)/float64(total))
			}
			row = append(row, text)
		}
		g.Rows = append(g.Rows, append(row, count(total)))
	}
	return g
}
