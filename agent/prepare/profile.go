package prepare

import (
	"cmp"
	"math"
	"slices"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/table"
)

// profiled is the exact profile of the examples. What the file as a whole
// holds is the catalog's; figures of the values are of the training rows only,
// and no value of a text column is told that is rare.
type profiled struct {
	Table   string          `json:"table"`
	Rows    int             `json:"rows"`  // examples
	Train   int             `json:"train"` // rows that the figures are from
	Columns []columnProfile `json:"columns"`
}

type columnProfile struct {
	table.ColumnInfo
	Train columnFigures `json:"train"`
}

// columnFigures are null where they mean nothing.
type columnFigures struct {
	Missing   int           `json:"missing"`
	Distinct  int           `json:"distinct"`
	Mean      *float64      `json:"mean"`
	Deviation *float64      `json:"deviation"` // standard, over n
	Quantiles []float64     `json:"quantiles"` // at 0, 1, 5, 25, 50, 75, 95, 99 and 100 %: order statistics
	Levels    []table.Level `json:"levels"`    // with 10 rows or more, at most 50
}

var quantiles = []float64{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1}

func profile(e *examples, p *parts) profiled {
	rows := p.Rows(fold.Train)
	out := profiled{Table: e.info.Name, Rows: e.n(), Train: len(rows), Columns: []columnProfile{}}
	for i := range e.info.Columns {
		info := e.info.Columns[i]
		entry := columnProfile{ColumnInfo: info}
		if c := e.column(info.Name); c != nil {
			entry.Train = figures(c, rows, info.Personal != "")
		}
		out.Columns = append(out.Columns, entry)
	}
	return out
}

func figures(c *table.Column, rows []int32, personal bool) columnFigures {
	out := columnFigures{Quantiles: []float64{}, Levels: []table.Level{}}
	switch c.Kind {
	case table.Text:
		seen := make([]int, len(c.Levels))
		for _, r := range rows {
			if code := c.Code[r]; code < 0 {
				out.Missing++
			} else if seen[code]++; seen[code] == 1 {
				out.Distinct++
			}
		}
		if !personal {
			out.Levels = frequent(c, seen)
		}
	case table.Time:
		values := present(c.Time, c, rows)
		out.Missing, out.Distinct = len(rows)-len(values), different(values)
	case table.Number:
		values := present(c.Number, c, rows)
		out.Missing = len(rows) - len(values)
		out.describe(values)
	}
	return out
}

// present are the values of the rows that have one.
func present[T any](values []T, c *table.Column, rows []int32) []T {
	out := make([]T, 0, len(rows))
	for _, r := range rows {
		if !c.IsMissing(int(r)) {
			out = append(out, values[r])
		}
	}
	return out
}

// different sorts values and counts the different ones.
func different[T cmp.Ordered](values []T) (n int) {
	slices.Sort(values)
	for i, v := range values {
		if i == 0 || v != values[i-1] {
			n++
		}
	}
	return n
}

// describe fills in what is said of numbers, and sorts them.
func (out *columnFigures) describe(values []float64) {
	if len(values) == 0 {
		return
	}
	m := mean(values)
	squares := 0.0
	for _, v := range values {
		squares += float64((v - m) * (v - m))
	}
	d := math.Sqrt(squares / float64(len(values)))
	if !math.IsInf(m, 0) && !math.IsInf(d, 0) {
		out.Mean, out.Deviation = &m, &d
	}
	out.Distinct = different(values)
	for _, q := range quantiles {
		out.Quantiles = append(out.Quantiles, values[int(math.Round(q*float64(len(values)-1)))])
	}
}

func frequent(c *table.Column, seen []int) []table.Level {
	levels := []table.Level{}
	for code, level := range c.Levels {
		if n := seen[code]; n >= 10 {
			levels = append(levels, table.Level{Value: level, Count: n})
		}
	}
	slices.SortStableFunc(levels, func(a, b table.Level) int { return b.Count - a.Count })
	return levels[:min(50, len(levels))]
}
