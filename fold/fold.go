// Package fold divides the rows of a table: into the folds of a
// cross-validation, and into the four parts train, validation, test and
// holdout.
//
// What belongs together stays together: rows of one group (where groups are
// given) and exact duplicates are never on two sides of a division. Where it
// is by time, a whole purge lies between the sides. Everything else is
// balanced: classes, quantiles of a numeric target, sizes. The same data and
// seed give the same division; Audit counts afresh what a division shares.
package fold

import (
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/problem"
)

// Data is what a division looks at. Slices have one entry per row of the
// table; those that are nil play no part.
type Data struct {
	Classes   int       // as learn.Data: 2 for binary, 3 or more for multiclass, 0 for regression
	Target    []float64 // class index, or value
	Group     []int32   // rows with the same number, 0 or more, stay together
	Duplicate []int32   // rows with the same number, 0 or more, are exact copies and stay together
	Time      []int64   // microseconds since 1970 UTC; math.MinInt64 (table.NoTime) is unknown

	// Rows are the row numbers to divide, ascending; nil means all.
	Rows []int32
}

// Fold is one division of a cross-validation. Rows are row numbers of the
// table, ascending, as learn.Data wants them.
type Fold struct {
	Train, Valid []int32
}

// noTime is table.NoTime.
const noTime = math.MinInt64

// KFold deals the rows into k folds, each of which is Valid once and in
// Train otherwise. The counts of each class (regression: of each quantile of
// the target) differ by little more than one between folds where rows stand
// alone, and by as little as a greedy search finds where they belong
// together. k is lowered to the number of rows that can be told apart; fewer
// than two of them are an error.
func KFold(d Data, k int, seed uint64) ([]Fold, error) {
	rows := d.rows()
	units := d.units(rows)
	k = min(k, units.len())
	if k < 2 {
		return nil, tooFew("cross-validation", "there are fewer than two rows or groups that can be told apart")
	}
	of := d.deal(rows, units, slices.Repeat([]float64{1 / float64(k)}, k), seed)
	folds := make([]Fold, k)
	size := make([]int, k)
	for _, f := range of {
		size[f]++
	}
	for f := range folds {
		folds[f].Train, folds[f].Valid = make([]int32, 0, len(rows)-size[f]), make([]int32, 0, size[f])
	}
	for i, r := range rows {
		for f := range folds {
			if int(of[i]) == f {
				folds[f].Valid = append(folds[f].Valid, r)
			} else {
				folds[f].Train = append(folds[f].Train, r)
			}
		}
	}
	return folds, nil
}

// rows is the row numbers in use.
func (d Data) rows() []int32 {
	if d.Rows != nil {
		return d.Rows
	}
	out := make([]int32, d.len())
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// len is the number of rows of the table.
func (d Data) len() int {
	return max(len(d.Target), len(d.Group), len(d.Duplicate), len(d.Time))
}

func tooFew(what, why string) error {
	return &problem.Problem{
		Kind: problem.Blocked, Code: "data.too_few",
		What: fmt.Sprintf("the table is too small for a %s", what), Why: why,
		Fix: "give more rows, or another way to split (--set split.by)",
	}
}
