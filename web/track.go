package web

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// track is a row of a chart: one horizontal line on a scale that all rows of
// the table share. It is drawn in percent of its width, so that it fits every
// screen and its strokes keep their size.
type track struct {
	Value  *float64  // the large dot
	Low    *float64  // the interval around it
	High   *float64  //
	Points []float64 // small dots: folds
	Mark   *float64  // an upright line: what the value is compared with
	Bar    bool      // draw a bar from 0 to Value instead of a dot
	Text   string    // says the same in words, for who does not see it
}

// scale is the range of values that a chart shows.
type scale struct{ low, high float64 }

// scaleOf covers everything that the tracks show, with a little air. A bar
// begins at 0.
func scaleOf(tracks []track) scale {
	s := scale{math.Inf(1), math.Inf(-1)}
	add := func(values ...float64) {
		for _, v := range values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				s.low, s.high = min(s.low, v), max(s.high, v)
			}
		}
	}
	for _, t := range tracks {
		for _, p := range []*float64{t.Value, t.Low, t.High, t.Mark} {
			if p != nil {
				add(*p)
			}
		}
		add(t.Points...)
		if t.Bar {
			add(0)
		}
	}
	if s.low > s.high {
		return scale{0, 1}
	}
	air := (s.high - s.low) * 0.06
	if air == 0 {
		air = max(math.Abs(s.high)*0.1, 1e-9)
	}
	if !(s.low == 0 && len(tracks) > 0 && tracks[0].Bar) {
		s.low -= air
	}
	s.high += air
	return s
}

// at is the place of v on the scale, as an attribute of SVG: "41.3%".
func (s scale) at(v float64) string {
	p := 100 * (v - s.low) / (s.high - s.low)
	return fmt.Sprintf("%.2f%%", min(100, max(0, p)))
}

// svg draws the track.
func (t track) svg(s scale) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="track" role="img" aria-label="%s"><line class="rail" x1="0" x2="100%%" y1="50%%" y2="50%%"/>`, template.HTMLEscapeString(t.Text))
	if t.Mark != nil {
		fmt.Fprintf(&b, `<line class="mark" x1="%s" x2="%[1]s" y1="15%%" y2="85%%"/>`, s.at(*t.Mark))
	}
	for _, p := range t.Points {
		fmt.Fprintf(&b, `<circle class="point" cx="%s" cy="50%%" r="3"/>`, s.at(p))
	}
	if t.Bar && t.Value != nil {
		from, to := s.at(min(0, *t.Value)), s.at(max(0, *t.Value))
		fmt.Fprintf(&b, `<line class="bar" x1="%s" x2="%s" y1="50%%" y2="50%%"/>`, from, to)
	}
	if t.Low != nil && t.High != nil {
		fmt.Fprintf(&b, `<line class="interval" x1="%s" x2="%s" y1="50%%" y2="50%%"/>`, s.at(*t.Low), s.at(*t.High))
	}
	if !t.Bar && t.Value != nil {
		fmt.Fprintf(&b, `<circle class="value" cx="%s" cy="50%%" r="5"/>`, s.at(*t.Value))
	}
	fmt.Fprintf(&b, `<title>%s</title></svg>`, template.HTMLEscapeString(t.Text))
	return template.HTML(b.String())
}

// axis draws the ticks of the scale.
func (s scale) axis() template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="axis" aria-hidden="true">`)
	for _, v := range s.ticks(4, 0.03) { // one at the very edge would be cut
		fmt.Fprintf(&b, `<text x="%s" y="12" text-anchor="middle">%s</text>`, s.at(v), number(v))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// ticks are round numbers inside the scale: about n of them, at steps of 1, 2,
// 2.5 or 5 times a power of ten, none within margin, a share of the scale, of
// its ends.
func (s scale) ticks(n int, margin float64) []float64 {
	rough := (s.high - s.low) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, f := range []float64{1, 2, 2.5, 5} {
		if f*power >= rough*0.999 {
			step = f * power
			break
		}
	}
	var ticks []float64
	low, high := s.low+margin*(s.high-s.low), s.high-margin*(s.high-s.low)
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}
