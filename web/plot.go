package web

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/septet-ml/septet/handoff"
)

// plot is a curve in a square of its own: it is drawn in units of its own box
// and grows with the page; its strokes keep their size.
type plot struct {
	Title, Note string
	X           string // name of the axis below; Note says what goes up
	Points      []handoff.Point
	Dots        bool    // dots with whiskers, not a line with a band
	Base        []point // a line to compare with
	text        string  // says the same in words, for who does not see it
	x, y        scale
}

type point struct{ x, y float64 }

// share is the scale of shares.
var share = scale{0, 1}

// The box of an SVG in its own units: the plot lies between left and right,
// upper and lower.
const (
	boxWidth, boxHeight = 300.0, 250.0
	left, right         = 44.0, 292.0
	upper, lower        = 8.0, 212.0
)

func (p plot) at(x, y float64) (px, py float64) {
	clamp := func(v float64) float64 { return min(1, max(0, v)) }
	px = left + (right-left)*clamp((x-p.x.low)/(p.x.high-p.x.low))
	py = lower - (lower-upper)*clamp((y-p.y.low)/(p.y.high-p.y.low))
	return px, py
}

// SVG draws the plot.
func (p plot) SVG() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="curve" viewBox="0 0 %g %g" role="img" aria-label="%s">`, boxWidth, boxHeight, template.HTMLEscapeString(p.text))
	p.grid(&b)
	if len(p.Base) > 0 {
		fmt.Fprintf(&b, `<polyline class="base" points="%s"/>`, p.line(p.Base))
	}
	if p.Dots {
		p.dots(&b)
	} else {
		p.band(&b)
		var line []point
		for _, q := range p.Points {
			line = append(line, point{q.X, q.Y})
		}
		fmt.Fprintf(&b, `<polyline class="trace" points="%s"/>`, p.line(line))
	}
	fmt.Fprintf(&b, `<title>%s</title></svg>`, template.HTMLEscapeString(p.text))
	return template.HTML(b.String())
}

// grid draws the ticks of both axes and their names.
func (p plot) grid(b *strings.Builder) {
	for _, v := range p.x.ticks(4, 0) {
		x, _ := p.at(v, p.y.low)
		fmt.Fprintf(b, `<line class="rail" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>`, x, x, upper, lower, x, lower+14, number(v))
	}
	for _, v := range p.y.ticks(4, 0) {
		_, y := p.at(p.x.low, v)
		fmt.Fprintf(b, `<line class="rail" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`, left, right, y, y, left-5, y+4, number(v))
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="middle">%s</text>`, (left+right)/2, boxHeight-6, template.HTMLEscapeString(p.X))
}

// band is the area between low and high.
func (p plot) band(b *strings.Builder) {
	var up, down []point
	for _, q := range p.Points {
		if q.Low != nil && q.High != nil {
			up, down = append(up, point{q.X, *q.High}), append([]point{{q.X, *q.Low}}, down...)
		}
	}
	if len(up) > 1 {
		fmt.Fprintf(b, `<polygon class="band" points="%s"/>`, p.line(append(up, down...)))
	}
}

// dots have their intervals upright.
func (p plot) dots(b *strings.Builder) {
	for _, q := range p.Points {
		x, y := p.at(q.X, q.Y)
		if q.Low != nil && q.High != nil {
			_, low := p.at(q.X, *q.Low)
			_, high := p.at(q.X, *q.High)
			fmt.Fprintf(b, `<line class="interval" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x, x, low, high)
		}
		fmt.Fprintf(b, `<circle class="value" cx="%.1f" cy="%.1f" r="4"/>`, x, y)
	}
}

func (p plot) line(points []point) string {
	var b strings.Builder
	for i, q := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		x, y := p.at(q.x, q.y)
		fmt.Fprintf(&b, "%.1f,%.1f", x, y)
	}
	return b.String()
}
