package net

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// column is how the values of a column of the table switch on rows of the
// first layer's table. A column has consecutive rows there.
//
// Numbers: the first row is switched on by the scaled value, the next
// len(cuts) rows by how near the value is to each cut (the two cuts around it
// share 1), the last row by a missing value. Categories: a row for each of
// levels, one for all other levels, one for a missing value.
type column struct {
	text  bool
	first int // number of the column's first row

	center, scale float64   // numbers: scaled value = squash((x - center) × scale)
	cuts          []float64 // numbers: rising; none, or 2 or more
	steep         []bool    // for learning only: whether many rows have the very value of a cut

	levels []int32 // categories with a row of their own, rising
}

const (
	mostLevels = 64 // of a column that have a row of their own
	leastRows  = 5  // weight of such a level
)

// rows is the number of the column's rows.
func (c *column) rows() int {
	if c.text {
		return len(c.levels) + 2
	}
	return 1 + len(c.cuts) + 1
}

// slots is how many rows a value switches on.
func (c *column) slots() int {
	if c.text || len(c.cuts) == 0 {
		return 1
	}
	return 3 // the scaled value and the two cuts around it
}

// encode writes the rows that x switches on, and how much; row and value have
// slots entries.
func (c *column) encode(x float64, row []int32, value []float32) {
	if c.text {
		row[0], value[0] = int32(c.first+c.level(x)), 1
		return
	}
	if x != x {
		for i := range row {
			row[i], value[i] = int32(c.first), 0
		}
		row[0], value[0] = int32(c.first+c.rows()-1), 1
		return
	}
	row[0], value[0] = int32(c.first), squash((x-c.center)*c.scale)
	if len(row) == 1 {
		return
	}
	last := len(c.cuts) - 1
	x = min(max(x, c.cuts[0]), c.cuts[last])
	lo, hi := 0, last
	for hi-lo > 1 {
		if middle := (lo + hi) / 2; c.cuts[middle] <= x {
			lo = middle
		} else {
			hi = middle
		}
	}
	low, high := float64(c.cuts[lo]/2), float64(c.cuts[lo+1]/2) // halves, so that nothing overflows
	part := (float64(x/2) - low) / (high - low)
	row[1], value[1] = int32(c.first+1+lo), 1-float32(part)
	row[2], value[2] = int32(c.first+2+lo), float32(part)
}

// level is the number of the row, from the column's first, of a category.
func (c *column) level(x float64) int {
	if !(x >= 0) {
		return len(c.levels) + 1
	}
	if x <= math.MaxInt32 {
		if i, ok := slices.BinarySearch(c.levels, int32(x)); ok {
			return i
		}
	}
	return len(c.levels)
}

// squash is z for small z, and comes smoothly to ±3 for large ones. Source:
// Holzmüller et al. 2024, Better by default, section 3.
func squash(z float64) float32 {
	switch {
	case z != z: // an infinite distance times a scale of 0
		return 0
	case z > 1e9 || z < -1e9:
		return float32(math.Copysign(3, z))
	}
	return float32(z / math.Sqrt(1+float64((z/3)*(z/3))))
}

// fitColumns fits the columns on the rows of d that have a weight.
func fitColumns(ctx context.Context, d *learn.Data, t *targets, bins, threads int) ([]column, error) {
	columns := make([]column, len(d.Table.Columns))
	err := learn.Blocks(ctx, len(columns), 1, threads, func(j, _ int) {
		if source := &d.Table.Columns[j]; source.Kind == table.Text {
			columns[j] = textColumn(source, t)
		} else {
			columns[j] = numberColumn(source, t, bins)
		}
	})
	first := 0
	for j := range columns {
		columns[j].first = first
		first += columns[j].rows()
	}
	return columns, err
}

// weighted is a value and how much it counts.
type weighted struct{ x, w float64 }

// numberColumn scales by the quartiles, or by the whole range where they are
// one value, and cuts at quantiles.
func numberColumn(source *table.Column, t *targets, bins int) column {
	values := make([]weighted, 0, len(t.rows))
	for i, r := range t.rows {
		if x := source.Number[r]; x == x {
			values = append(values, weighted{x, t.weight[i]})
		}
	}
	c := column{}
	if len(values) == 0 {
		return c
	}
	slices.SortFunc(values, func(a, b weighted) int { return cmp.Compare(a.x, b.x) })
	low, high := values[0].x, values[len(values)-1].x
	if low == high {
		c.center = low
		return c
	}
	q := quantiles(values, 4)
	c.center = q[2]
	width := float64(q[3]/2) - float64(q[1]/2)
	if width == 0 {
		width = float64(high/4) - float64(low/4)
	}
	c.scale = 0.5 / width
	if math.IsInf(c.scale, 0) {
		c.scale = 0
	}
	if c.cuts = distinct(values, bins+1); c.cuts == nil {
		c.cuts = cuts(values, bins)
	}
	for i := 1; i < len(c.cuts); i++ { // cuts so near that half of each is the same are one
		if c.cuts[i]/2 == c.cuts[i-1]/2 {
			c.cuts = slices.Delete(c.cuts, i, i+1)
			i--
		}
	}
	if len(c.cuts) < 3 {
		c.cuts = nil
	}
	c.steep = steep(values, c.cuts)
	return c
}

// steep tells of each cut whether the rows that have its very value weigh as
// much as those strictly between its neighbours that have not.
func steep(v []weighted, cuts []float64) []bool {
	out := make([]bool, len(cuts))
	on, off := make([]float64, len(cuts)), make([]float64, len(cuts)+1) // off[k] is below cut k
	k := 0
	for _, x := range v {
		for k < len(cuts) && cuts[k] < x.x {
			k++
		}
		if k < len(cuts) && cuts[k] == x.x {
			on[k] += x.w
		} else {
			off[k] += x.w
		}
	}
	for k := range out {
		out[k] = on[k] >= off[k]+off[k+1]
	}
	return out
}

// distinct is the different values of v, which rise; nil if they are more than
// most.
func distinct(v []weighted, most int) []float64 {
	var out []float64
	for i := range v {
		if i > 0 && v[i].x == v[i-1].x {
			continue
		}
		if len(out) == most {
			return nil
		}
		out = append(out, v[i].x)
	}
	return out
}

// cuts is n+1 values at most: the ends, those that weigh more than 1/n of the
// whole, and quantiles of the rest.
func cuts(v []weighted, n int) []float64 {
	total := 0.0
	for _, x := range v {
		total += x.w
	}
	out := []float64{v[0].x, v[len(v)-1].x}
	rest := make([]weighted, 0, len(v))
	for i := 0; i < len(v); {
		end, w := i, 0.0
		for ; end < len(v) && v[end].x == v[i].x; end++ {
			w += v[end].w
		}
		if w > total/float64(n) {
			out = append(out, v[i].x)
		} else {
			rest = append(rest, v[i:end]...)
		}
		i = end
	}
	if left := n + 1 - len(out); left > 0 && len(rest) > 0 {
		out = append(out, quantiles(rest, left+1)[1:left+1]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// quantiles is the least values at which the weight so far reaches 0, 1/n, ...
// 1 of the whole.
func quantiles(v []weighted, n int) []float64 {
	total := 0.0
	for _, x := range v {
		total += x.w
	}
	out := make([]float64, n+1)
	i, sum := 0, v[0].w
	for k := range out {
		for i < len(v)-1 && sum < float64(k)/float64(n)*total {
			i++
			sum += v[i].w
		}
		out[k] = v[i].x
	}
	out[n] = v[len(v)-1].x
	return out
}

// textColumn gives the heaviest levels a row each.
func textColumn(source *table.Column, t *targets) column {
	weight := make([]float64, len(source.Levels))
	for i, r := range t.rows {
		if code := int(source.Code[r]); code >= 0 {
			for code >= len(weight) {
				weight = append(weight, 0)
			}
			weight[code] += t.weight[i]
		}
	}
	c := column{text: true}
	for code, w := range weight {
		if w >= leastRows {
			c.levels = append(c.levels, int32(code))
		}
	}
	slices.SortStableFunc(c.levels, func(a, b int32) int { return cmp.Compare(weight[b], weight[a]) })
	c.levels = slices.Clip(c.levels[:min(len(c.levels), mostLevels)])
	slices.Sort(c.levels)
	return c
}

// coded is rows of the table as the first layer takes them: slots entries a
// row.
type coded struct {
	slots int
	row   []int32
	value []float32
}

// encode is the given rows of the table.
func (m *Model) encode(ctx context.Context, t *table.Table, rows []int32, threads int) (coded, error) {
	slots := m.slots()
	out := coded{slots, make([]int32, len(rows)*slots), make([]float32, len(rows)*slots)}
	err := learn.Blocks(ctx, len(rows), 1024, threads, func(lo, hi int) {
		at := 0
		for j := range m.columns {
			c := &m.columns[j]
			n := c.slots()
			for i := lo; i < hi; i++ {
				s := i*slots + at
				c.encode(t.Columns[j].Float(int(rows[i])), out.row[s:s+n], out.value[s:s+n])
			}
			at += n
		}
	})
	return out, err
}
