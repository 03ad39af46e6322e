// Package learn is the contract between everything that learns from a table
// and everything that uses what was learned.
//
// A Learner is settings; Fit makes of it a Model, which is fitted state and
// can only predict. Both are values without hidden state: the same table,
// rows, settings and seed give the same bits, on any number of threads.
package learn

import (
	"context"
	"fmt"

	"github.com/septet-ml/septet/table"
)

// Task is the kind of prediction.
type Task string

const (
	Binary     Task = "binary"
	Multiclass Task = "multiclass"
	Regression Task = "regression"
)

// Data is what a learner is fitted on or checked against.
type Data struct {
	Task    Task
	Classes int // 2 for binary, 3 or more for multiclass, 0 for regression

	// Table has one row per example. Its columns are Number (NaN missing) and
	// Text (categories; code -1 is missing or unseen); no Time.
	Table *table.Table

	// Target has one entry per row of Table: the class index, or the value.
	Target []float64

	// Weight has one entry per row of Table, from 0 to MostWeight; nil is 1.
	Weight []float64

	// Rows are the row numbers to use, ascending; nil means all.
	Rows []int32
}

// N is the number of rows in use.
func (d *Data) N() int {
	if d.Rows != nil {
		return len(d.Rows)
	}
	return d.Table.Rows
}

// Row is the i-th row in use.
func (d *Data) Row(i int) int {
	if d.Rows != nil {
		return int(d.Rows[i])
	}
	return i
}

// WeightOf is the weight of a row of Table.
func (d *Data) WeightOf(row int) float64 {
	if d.Weight == nil {
		return 1
	}
	return d.Weight[row]
}

// Options are what a fit gets beside the data. Threads never changes the model.
type Options struct {
	Seed    uint64
	Threads int // 1 or more
}

// Learner is settings that can be fitted. Its JSON form is part of the key of
// a fit, so exported fields with json tags are its settings.
type Learner interface {
	// Name is the family, "boosted_trees"; stable, part of keys and files.
	Name() string

	// Fit learns from train. valid, where it is not nil, only decides when to
	// stop (early stopping); it shares train's Table and never its rows.
	// Fit stops at ctx's end with its error. A fit on data that cannot be
	// learned from (no rows, one class) gives an error, never a panic.
	Fit(ctx context.Context, train Data, valid *Data, opt Options) (Model, error)
}

// Model is what was learned.
type Model interface {
	// Name is the Learner's.
	Name() string

	// Width is the number of values per row that Predict writes: 1 for binary
	// (probability of class 1) and regression (the value), the number of
	// classes for multiclass (probabilities, sum 1).
	Width() int

	// Predict scores len(out) / Width rows. x holds them one after another,
	// one value per column of the table that the model was fitted on, as
	// Column.Float gives it: a number, a category's code, NaN for missing. A
	// row's bits depend on that row only, never on its neighbours. Safe for
	// concurrent use; finite results for every input without infinities.
	Predict(x, out []float64)

	// MarshalBinary is the model without settings or code. The package of the
	// learner has a matching Decode(data []byte) (learn.Model, error) which is
	// bounded by the size of its input and fuzzed.
	MarshalBinary() ([]byte, error)
}

// PredictTable scores rows of t (nil: all) in blocks on up to threads
// goroutines; the result has Width values per row, in order.
func PredictTable(ctx context.Context, m Model, t *table.Table, rows []int32, threads int) ([]float64, error) {
	n := t.Rows
	if rows != nil {
		n = len(rows)
	}
	width := m.Width()
	out := make([]float64, n*width)
	err := Blocks(ctx, n, 256, threads, func(lo, hi int) {
		x := make([]float64, (hi-lo)*len(t.Columns))
		var block []int32
		if rows != nil {
			block = rows[lo:hi]
		} else {
			block = make([]int32, hi-lo)
			for i := range block {
				block[i] = int32(lo + i)
			}
		}
		t.Gather(x, block)
		m.Predict(x, out[lo*width:hi*width])
	})
	if err != nil {
		return nil, fmt.Errorf("predict %d rows with %s: %w", n, m.Name(), err)
	}
	return out, nil
}
