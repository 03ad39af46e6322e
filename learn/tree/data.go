package tree

import (
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// data is what a fit sees: rows 0..train are those to learn from, rows
// train..all those to stop by. Every other file counts rows this way.
type data struct {
	table   *table.Table
	task    learn.Task
	classes int
	train   int
	all     int
	rows    []int32   // the table's row of each; nil: they are the same
	target  []float64 // one per row
	weight  []float64 // one per row; nil: 1
}

// row is the table's row of row i.
func (d *data) row(i int) int {
	if d.rows == nil {
		return i
	}
	return int(d.rows[i])
}

// view puts train and valid (may be nil) into one numbering. Rows of weight 0
// are left out.
func view(train learn.Data, valid *learn.Data) (*data, error) {
	if err := checkData(train); err != nil {
		return nil, err
	}
	d := &data{table: train.Table, task: train.Task, classes: train.Classes}
	if valid == nil && train.Rows == nil && !slices.Contains(train.Weight, 0) {
		d.train, d.all = train.N(), train.N()
		d.target, d.weight = train.Target, train.Weight
		return d, nil
	}
	weighted := train.Weight != nil
	if valid != nil && valid.N() > 0 {
		if valid.Table != train.Table || valid.Task != train.Task || valid.Classes != train.Classes {
			return nil, fmt.Errorf("fit %s: valid is of another table or task than train", Name)
		}
		if _, err := checkTarget(*valid); err != nil {
			return nil, err
		}
		weighted = weighted || valid.Weight != nil
	}
	d.take(&train, weighted)
	d.train = len(d.rows)
	if valid != nil {
		d.take(valid, weighted)
	}
	d.all = len(d.rows)
	return d, nil
}

// take appends the rows of p.
func (d *data) take(p *learn.Data, weighted bool) {
	d.rows = slices.Grow(d.rows, p.N())
	d.target = slices.Grow(d.target, p.N())
	for i := range p.N() {
		r := p.Row(i)
		w := p.WeightOf(r)
		if w == 0 {
			continue
		}
		d.rows = append(d.rows, int32(r))
		d.target = append(d.target, p.Target[r])
		if weighted {
			d.weight = append(d.weight, w)
		}
	}
}

// checkData says why train cannot be learned from.
func checkData(train learn.Data) error {
	if train.N() == 0 {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "data.too_few", Where: Name,
			What: "there are no rows to learn from", Fix: "give more rows, or filter less",
		}
	}
	if uint64(train.N()) > math.MaxInt32 {
		return fmt.Errorf("fit %s: more than %d rows", Name, math.MaxInt32)
	}
	for i := range train.Table.Columns {
		if k := train.Table.Columns[i].Kind; k != table.Number && k != table.Text {
			return fmt.Errorf("fit %s: column %q is %v; learners take number and text", Name, train.Table.Columns[i].Name, k)
		}
	}
	rows, err := checkTarget(train)
	if err != nil {
		return err
	}
	if rows == 0 {
		return fmt.Errorf("fit %s: %w", Name, learn.ErrNoRows)
	}
	if train.Task == learn.Regression {
		return nil
	}
	if train.Classes < 2 || (train.Task == learn.Binary) != (train.Classes == 2) {
		return fmt.Errorf("fit %s: %d classes in a %s task", Name, train.Classes, train.Task)
	}
	seen, classes := make([]bool, train.Classes), 0
	for i := range train.N() {
		r := train.Row(i)
		if train.WeightOf(r) > 0 && !seen[int(train.Target[r])] {
			seen[int(train.Target[r])] = true
			classes++
		}
	}
	if classes < 2 {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "data.one_class", Where: Name,
			What: "all rows to learn from are of one class",
			Why:  "there is nothing to tell apart", Fix: "widen the rows, or check the target",
		}
	}
	return nil
}

// checkTarget checks the range of targets and weights, and counts the rows of a
// weight above 0. Those of weight 0 may have any target.
func checkTarget(d learn.Data) (rows int, err error) {
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		if !(w >= 0 && w <= learn.MostWeight) {
			return 0, fmt.Errorf("fit %s: row %d: %w", Name, r, learn.ErrWeight)
		}
		if w == 0 {
			continue
		}
		y := d.Target[r]
		if !(math.Abs(y) <= learn.MostTarget) {
			return 0, fmt.Errorf("fit %s: row %d: %w", Name, r, learn.ErrTarget)
		}
		if d.Task != learn.Regression && (y != math.Trunc(y) || y < 0 || y >= float64(d.Classes)) {
			return 0, fmt.Errorf("fit %s: the target of row %d is not a class index", Name, r)
		}
		rows++
	}
	return rows, nil
}
