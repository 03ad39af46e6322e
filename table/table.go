// Package table is the columnar data in memory that everything between the
// files and the learners sees.
//
// A source makes a Table of raw columns (numbers, text, times); the fitted
// transformation in package feature makes of it a Table of features, which
// has only Number and Text columns: that is what a learner gets.
package table

import (
	"fmt"
	"math"
	"slices"
)

// Kind is the type of a column.
type Kind uint8

const (
	Number Kind = iota // float64; NaN is missing
	Text               // dictionary-coded strings: categories, identifiers, free text
	Time               // an instant or a date, microseconds since 1970 UTC
)

func (k Kind) String() string {
	switch k {
	case Number:
		return "number"
	case Text:
		return "text"
	case Time:
		return "time"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// NoTime marks a missing value of a Time column.
const NoTime = math.MinInt64

// Missing is the code of a missing value of a Text column. A fitted
// transformation gives it to values unseen in training, too.
const Missing = int32(-1)

// Column holds one value per row in the slice that its kind names; the other
// slices are nil. Columns are shared, never changed after they are made.
type Column struct {
	Name   string
	Kind   Kind
	Number []float64 // NaN is missing, never infinite
	Code   []int32   // index in Levels, or Missing
	Levels []string  // distinct values of a Text column, in the order of first appearance unless said otherwise
	Time   []int64   // microseconds since 1970 UTC, or NoTime
}

// Len is the number of rows.
func (c *Column) Len() int {
	switch c.Kind {
	case Number:
		return len(c.Number)
	case Text:
		return len(c.Code)
	}
	return len(c.Time)
}

// IsMissing tells whether row has no value.
func (c *Column) IsMissing(row int) bool {
	switch c.Kind {
	case Number:
		return math.IsNaN(c.Number[row])
	case Text:
		return c.Code[row] < 0
	}
	return c.Time[row] == NoTime
}

// Float is the value as a learner sees it: a number as it is, a category as
// its code; NaN is missing. It panics on a Time column.
func (c *Column) Float(row int) float64 {
	switch c.Kind {
	case Number:
		return c.Number[row]
	case Text:
		if c.Code[row] < 0 {
			return math.NaN()
		}
		return float64(c.Code[row])
	}
	panic("table: Float of a time column")
}

// Take is the column with only the given rows, in their order.
func (c *Column) Take(rows []int32) Column {
	out := Column{Name: c.Name, Kind: c.Kind, Levels: c.Levels}
	switch c.Kind {
	case Number:
		out.Number = make([]float64, len(rows))
		for i, r := range rows {
			out.Number[i] = c.Number[r]
		}
	case Text:
		out.Code = make([]int32, len(rows))
		for i, r := range rows {
			out.Code[i] = c.Code[r]
		}
	case Time:
		out.Time = make([]int64, len(rows))
		for i, r := range rows {
			out.Time[i] = c.Time[r]
		}
	}
	return out
}

// Blank is a column that has no value in any row.
func Blank(name string, kind Kind, rows int) Column {
	c := Column{Name: name, Kind: kind}
	switch kind {
	case Number:
		c.Number = slices.Repeat([]float64{math.NaN()}, rows)
	case Text:
		c.Code = slices.Repeat([]int32{Missing}, rows)
	case Time:
		c.Time = slices.Repeat([]int64{NoTime}, rows)
	}
	return c
}

// Table is a list of columns of one length.
type Table struct {
	Columns []Column
	Rows    int
}

// Column finds a column by its name; nil where there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Take is the table with only the given rows, in their order.
func (t *Table) Take(rows []int32) *Table {
	out := &Table{Columns: make([]Column, len(t.Columns)), Rows: len(rows)}
	for i := range t.Columns {
		out.Columns[i] = t.Columns[i].Take(rows)
	}
	return out
}

// Keep leaves only the given rows, which ascend and differ, in the table:
// column by column, so that there are never two of the whole. The columns are
// new ones unless all rows are kept.
func (t *Table) Keep(rows []int32) {
	if len(rows) == t.Rows {
		return
	}
	for i := range t.Columns {
		t.Columns[i] = t.Columns[i].Take(rows)
	}
	t.Rows = len(rows)
}

// Gather writes the given rows one after another into dst, which has
// len(rows) × len(t.Columns) values, as Column.Float gives them. rows nil
// means rows 0, 1, ... as far as dst reaches.
func (t *Table) Gather(dst []float64, rows []int32) {
	width := len(t.Columns)
	if width == 0 {
		return
	}
	for j := range t.Columns {
		c := &t.Columns[j]
		for i := range len(dst) / width {
			row := i
			if rows != nil {
				row = int(rows[i])
			}
			dst[i*width+j] = c.Float(row)
		}
	}
}
