package forest

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// absent is the code of a missing value; other codes are below it.
const absent = 255

const (
	mostCuts   = 127 // of a column of numbers
	mostLevels = 200 // of a column of categories that have a code of their own
)

// column is how the values of a column of the table become codes.
type column struct {
	text   bool
	cuts   []float64 // numbers: the code is how many cuts are at most x
	levels []int32   // categories, rising
	codes  []uint8   // of each of levels
	other  uint8     // of every other category
}

// code is the byte of a value.
func (c *column) code(x float64) uint8 {
	switch {
	case math.IsNaN(x):
		return absent
	case c.text:
		if x >= 0 && x <= math.MaxInt32 {
			if i, ok := slices.BinarySearch(c.levels, int32(x)); ok {
				return c.codes[i]
			}
		}
		return c.other
	}
	lo, hi := 0, len(c.cuts)
	for lo < hi {
		if middle := (lo + hi) / 2; c.cuts[middle] <= x {
			lo = middle + 1
		} else {
			hi = middle
		}
	}
	return uint8(lo)
}

// bin fits the columns, and gives the codes of the rows, column by column.
func (m *Model) bin(ctx context.Context, d *learn.Data, t *targets, threads int) ([][]uint8, error) {
	m.columns = make([]column, len(d.Table.Columns))
	codes := make([][]uint8, len(m.columns))
	err := learn.Blocks(ctx, len(codes), 1, threads, func(j, _ int) {
		source, c := &d.Table.Columns[j], &m.columns[j]
		if source.Kind == table.Text {
			*c = textColumn(source, t)
		} else {
			*c = numberColumn(source, t)
		}
		codes[j] = make([]uint8, len(t.rows))
		for i, r := range t.rows {
			codes[j][i] = c.code(source.Float(int(r)))
		}
	})
	return codes, err
}

// numberColumn cuts half-way between values, at quantiles of the rows where
// there are too many of them.
func numberColumn(source *table.Column, t *targets) column {
	values := make([]float64, 0, len(t.rows))
	for _, r := range t.rows {
		if x := source.Number[r]; !math.IsNaN(x) {
			values = append(values, x)
		}
	}
	slices.Sort(values)
	distinct := slices.Compact(slices.Clone(values))
	if len(distinct) > mostCuts+1 {
		picked := make([]float64, 0, mostCuts+1)
		for k := range mostCuts + 1 {
			picked = append(picked, values[k*len(values)/(mostCuts+1)])
		}
		distinct = slices.Compact(picked)
	}
	var c column
	for i := 1; i < len(distinct); i++ {
		cut := float64(distinct[i-1]/2) + float64(distinct[i]/2)
		if !(cut > distinct[i-1] && cut <= distinct[i]) {
			cut = distinct[i]
		}
		c.cuts = append(c.cuts, cut)
	}
	return c
}

// level is a category, or several that are taken together.
type level struct {
	code        int32
	weight, sum float64
}

// mean is pulled to that of all rows by the weight of 10 rows.
func (l level) mean(all level) float64 {
	return (l.sum + float64(10*(all.sum/all.weight))) / (l.weight + 10)
}

// textColumn numbers the categories by their mean target (multiclass: by the
// share of the most frequent class), so that a cut divides them well. Those
// with few rows are taken together.
func textColumn(source *table.Column, t *targets) column {
	sums := make(map[int32]*level)
	all := level{}
	mode := t.mode()
	for i, r := range t.rows {
		y := t.value[i]
		if t.sums > 1 {
			y = 0
			if int(t.value[i]) == mode {
				y = 1
			}
		}
		w := t.weight[i]
		all.weight, all.sum = all.weight+w, all.sum+float64(w*y)
		if code := source.Code[r]; code >= 0 {
			l := sums[code]
			if l == nil {
				l = &level{code: code}
				sums[code] = l
			}
			l.weight, l.sum = l.weight+w, l.sum+float64(w*y)
		}
	}
	var own []level
	for _, l := range sums {
		own = append(own, *l)
	}
	slices.SortFunc(own, func(a, b level) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.code, b.code)) })
	least := max(10, all.weight/1000)
	kept := 0
	for kept < len(own) && kept < mostLevels && own[kept].weight >= least {
		kept++
	}
	other := level{code: -1}
	for _, l := range own[kept:] { // in a fixed order
		other.weight, other.sum = other.weight+l.weight, other.sum+l.sum
	}
	own = append(own[:kept:kept], other)
	slices.SortStableFunc(own, func(a, b level) int { return cmp.Compare(a.mean(all), b.mean(all)) })
	c := column{text: true}
	for i, l := range own {
		if l.code < 0 {
			c.other = uint8(i)
		} else {
			at, _ := slices.BinarySearch(c.levels, l.code)
			c.levels, c.codes = slices.Insert(c.levels, at, l.code), slices.Insert(c.codes, at, uint8(i))
		}
	}
	return c
}

// mode is the most frequent class, the lowest of equals.
func (t *targets) mode() int {
	mass := make([]float64, t.sums)
	best := 0
	if t.sums == 1 {
		return best
	}
	for i, y := range t.value {
		mass[int(y)] += t.weight[i]
	}
	for k, w := range mass {
		if w > mass[best] {
			best = k
		}
	}
	return best
}
