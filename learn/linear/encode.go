package linear

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// Column is how one column of the table becomes features. At most one of
// Number and Text is set; neither means that the column says nothing (it was
// empty or of one value in training). Features are numbered over all columns:
// first the dense ones, which every row has, then the switches, of which a
// row has at most one per column.
type Column struct {
	Number *Number `json:"number,omitempty"`
	Text   *Text   `json:"text,omitempty"`
}

// Number is the features of a column of numbers. A value is clipped to the
// cuts and mapped to 0..1 by straight lines between them: two cuts are a
// plain scale, more are ranks. The dense features are that position p and
// max(p - knot, 0) for each knot, each standardised to mean 0 and variance 1.
type Number struct {
	Cuts  []float64 `json:"cuts"`  // rising, 2 or more; none if the column has one value
	Fill  float64   `json:"fill"`  // position that stands for a missing value: the median
	Knots []float64 `json:"knots"` // rising, inside 0..1
	Mean  []float64 `json:"mean"`  // of each dense feature
	Scale []float64 `json:"scale"` // 1 / its standard deviation; 0 where that is 0

	First  int `json:"first"`  // number of the first dense feature
	Absent int `json:"absent"` // the switch of a missing value; -1 if there was none
}

// Text is the switches of a column of categories.
type Text struct {
	Codes  []int32 `json:"codes"`  // rising; those with a switch of their own
	First  int     `json:"first"`  // number of the switch of Codes[0]; the others follow
	Other  int     `json:"other"`  // the switch of every other code; -1 if there was none
	Absent int     `json:"absent"` // the switch of a missing value; -1 if there was none
}

// position maps a value to 0..1.
func (c *Number) position(x float64) float64 {
	if math.IsNaN(x) || len(c.Cuts) < 2 {
		return c.Fill
	}
	last := len(c.Cuts) - 1
	x = min(max(x, c.Cuts[0]), c.Cuts[last])
	i := 0
	if last > 1 {
		i, _ = slices.BinarySearch(c.Cuts, x)
		i = min(max(i-1, 0), last-1)
	}
	lo, hi := c.Cuts[i], c.Cuts[i+1]
	part := 0.0
	if d := float64(hi/2) - float64(lo/2); d > 0 { // halves, so that nothing overflows
		part = (float64(x/2) - float64(lo/2)) / d
	}
	return (float64(i) + part) / float64(last)
}

// dense writes the features of x into out, which has one entry per feature of
// the column.
func (c *Number) dense(x float64, out []float64) {
	if len(out) == 0 {
		return
	}
	p := c.position(x)
	out[0] = (p - c.Mean[0]) * c.Scale[0]
	for i, k := range c.Knots {
		out[i+1] = (max(p-k, 0) - c.Mean[i+1]) * c.Scale[i+1]
	}
}

// column is dense for a column of the table: the features of row rows[i] begin
// at out[i × width].
func (c *Number) column(of *table.Column, rows []int32, out []float64, width int) {
	if len(c.Knots) > 0 || len(c.Cuts) != 2 {
		for i, r := range rows {
			c.dense(of.Float(int(r)), out[i*width:i*width+len(c.Mean)])
		}
		return
	}
	low, high := c.Cuts[0], c.Cuts[1]
	half, span := float64(low/2), float64(high/2)-float64(low/2)
	for i, r := range rows {
		p := c.Fill
		if x := of.Float(int(r)); !math.IsNaN(x) {
			p = 0
			if span > 0 {
				p = (float64(min(max(x, low), high)/2) - half) / span
			}
		}
		out[i*width] = (p - c.Mean[0]) * c.Scale[0]
	}
}

// slot is the switch that x turns on; -1 is none.
func (c *Number) slot(x float64) int {
	if math.IsNaN(x) {
		return c.Absent
	}
	return -1
}

// slot is the switch that code x turns on; -1 is none.
func (c *Text) slot(x float64) int {
	if !(x >= 0) {
		return c.Absent
	}
	if x <= math.MaxInt32 {
		if i, ok := slices.BinarySearch(c.Codes, int32(x)); ok {
			return c.First + i
		}
	}
	return c.Other
}

// encoding fits the columns on the rows of train and numbers their features.
// strong is the columns whose pairs may become features, the strongest first.
func (l Learner) encoding(ctx context.Context, m *Model, strong []int, train *learn.Data, threads int) error {
	m.Columns = make([]Column, len(train.Table.Columns))
	err := learn.Blocks(ctx, len(m.Columns), 1, threads, func(lo, _ int) {
		c := &train.Table.Columns[lo]
		if c.Kind == table.Text {
			m.Columns[lo].Text = l.text(c, train)
		} else {
			m.Columns[lo].Number = l.number(c, train)
		}
	})
	for i := range m.Columns {
		if c := m.Columns[i].Number; c != nil {
			c.First = m.Dense
			m.Dense += len(c.Mean)
		}
	}
	l.pairs(m, strong, train)
	m.Dense += len(m.Products)
	m.Features = m.Dense
	next := func(at *int, width int) {
		if *at >= 0 {
			*at = m.Features
			m.Features += width
		}
	}
	for i := range m.Columns {
		if c := m.Columns[i].Number; c != nil {
			next(&c.Absent, 1)
		}
		if c := m.Columns[i].Text; c != nil {
			next(&c.First, len(c.Codes))
			next(&c.Other, 1)
			next(&c.Absent, 1)
		}
	}
	for i := range m.Crosses {
		next(&m.Crosses[i].First, len(m.Crosses[i].Codes))
	}
	return err
}

// values is the present values of a column, rising.
type values struct {
	x []float64
	w []float64 // how much each counts; nil: 1
}

func (v *values) weight(i int) float64 {
	if v.w == nil {
		return 1
	}
	return v.w[i]
}

// present is the values of a column, and the weight of the missing ones.
func present(c *table.Column, d *learn.Data) (v values, missing float64) {
	if d.Weight != nil {
		return weighted(c, d)
	}
	v.x = make([]float64, 0, d.N())
	for i := range d.N() {
		if x := c.Float(d.Row(i)); math.IsNaN(x) {
			missing++
		} else {
			v.x = append(v.x, x)
		}
	}
	slices.Sort(v.x)
	return v, missing
}

// weighted is present for rows of different weights.
func weighted(c *table.Column, d *learn.Data) (v values, missing float64) {
	type value struct{ x, w float64 }
	all := make([]value, 0, d.N())
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		switch x := c.Float(r); {
		case w == 0:
		case math.IsNaN(x):
			missing += w
		default:
			all = append(all, value{x, w})
		}
	}
	slices.SortFunc(all, func(a, b value) int { return cmp.Compare(a.x, b.x) })
	v.x, v.w = make([]float64, len(all)), make([]float64, len(all))
	for i, one := range all {
		v.x[i], v.w[i] = one.x, one.w
	}
	return v, missing
}

// quantiles is the least value at which the weight so far reaches each of the
// given shares, which rise.
func (v *values) quantiles(shares ...float64) []float64 {
	total := 0.0
	for i := range v.x {
		total += v.weight(i)
	}
	out := make([]float64, len(shares))
	i, sum := 0, v.weight(0)
	for k, q := range shares {
		for i < len(v.x)-1 && sum < q*total {
			i++
			sum += v.weight(i)
		}
		out[k] = v.x[i]
	}
	return out
}

// number fits a column of numbers; nil if it says nothing. Values further
// from the middle nine tenths than three times their range are clipped.
func (l Learner) number(c *table.Column, d *learn.Data) *Number {
	v, missing := present(c, d)
	if len(v.x) == 0 {
		return nil
	}
	out := &Number{Cuts: []float64{}, Knots: []float64{}, Mean: []float64{}, Scale: []float64{}, Absent: -1}
	if missing > 0 {
		out.Absent = 0
	}
	low, high := v.x[0], v.x[len(v.x)-1]
	if low == high {
		if missing == 0 {
			return nil
		}
		return out
	}
	q := v.quantiles(0.05, 0.5, 0.95)
	if q[2] > q[0] {
		low, high = max(low, q[0]-float64(3*(q[2]-q[0]))), min(high, q[2]+float64(3*(q[2]-q[0])))
	}
	out.Cuts = []float64{low, high}
	if l.Ranks {
		out.Cuts = v.steps(64)
	}
	out.Fill = out.position(q[1])
	if l.Knots > 0 {
		out.Knots = out.knots(&v, l.Knots)
	}
	out.standardise(&v, missing)
	return out
}

// steps is the distinct quantiles 0, 1/n, ... 1.
func (v *values) steps(n int) []float64 {
	shares := make([]float64, n+1)
	for i := range shares {
		shares[i] = float64(i) / float64(n)
	}
	return slices.Compact(v.quantiles(shares...))
}

// knots is up to n positions at equally spaced quantiles, without the ends.
func (c *Number) knots(v *values, n int) []float64 {
	out := []float64{}
	for _, x := range v.steps(n + 1) {
		if p := c.position(x); p > 0 && p < 1 {
			out = append(out, p)
		}
	}
	return slices.Compact(out)
}

// standardise sets Mean and Scale of the dense features.
func (c *Number) standardise(v *values, missing float64) {
	n := 1 + len(c.Knots)
	c.Mean, c.Scale = make([]float64, n), make([]float64, n)
	for f := range n {
		feature := func(p float64) float64 {
			if f == 0 {
				return p
			}
			return max(p-c.Knots[f-1], 0)
		}
		fill := feature(c.Fill)
		total, sum, squares := missing, float64(missing*fill), 0.0
		for i, x := range v.x {
			w := v.weight(i)
			total += w
			sum += float64(w * feature(c.position(x)))
		}
		mean := sum / total
		for i, x := range v.x {
			e := feature(c.position(x)) - mean
			squares += float64(v.weight(i) * float64(e*e))
		}
		squares += float64(missing * float64((fill-mean)*(fill-mean)))
		c.Mean[f] = mean
		if variance := squares / total; variance > 1e-20 {
			c.Scale[f] = 1 / math.Sqrt(variance)
		}
	}
}

// text fits a column of categories; nil if it says nothing.
func (l Learner) text(c *table.Column, d *learn.Data) *Text {
	weight, missing := make([]float64, len(c.Levels)), 0.0
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		switch code := int(c.Code[r]); {
		case code < 0:
			missing += w
		case code >= len(weight):
			weight = append(weight, make([]float64, code+1-len(weight))...)
			fallthrough
		default:
			weight[code] += w
		}
	}
	least, most := cmp.Or(l.MinCount, 5), cmp.Or(l.Levels, 100)
	out := &Text{Codes: []int32{}, Other: -1, Absent: -1}
	rare := 0
	for code, w := range weight {
		if w >= float64(least) {
			out.Codes = append(out.Codes, int32(code))
		} else if w > 0 {
			rare++
		}
	}
	slices.SortStableFunc(out.Codes, func(a, b int32) int { return cmp.Compare(weight[b], weight[a]) })
	if len(out.Codes) > most {
		rare += len(out.Codes) - most
		out.Codes = out.Codes[:most]
	}
	slices.Sort(out.Codes)
	kinds := len(out.Codes)
	if rare > 0 {
		out.Other = 0
		kinds++
	}
	if missing > 0 {
		out.Absent = 0
		kinds++
	}
	if kinds < 2 {
		return nil
	}
	return out
}
