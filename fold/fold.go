// Package fold divides the rows of a table: into the folds of a
// cross-validation, and into the four parts train, validation, test and
// holdout.
//
// What belongs together stays together: rows of one group (where groups are
// given) and exact duplicates are never on two sides of a division. Where
// there is time, the earlier side ends a whole purge before the later one
// begins. Everything else is balanced: classes, quantiles of a numeric
// target, sizes. The same data and seed give the same division; Audit counts
// afresh what a division shares.
package fold

import (
	"fmt"
	"math"
	"slices"
	"time"

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

// Forward is a cross-validation by time: the rows are cut at distinct times
// into k+1 blocks of about equal size, and fold i learns from blocks 0..i
// and validates on block i+1. Training rows less than purge before the
// validation block are left out; so are those that share a group or a
// duplicate with it. Rows without a time are in no fold. k is lowered where
// there are fewer distinct times; folds that the purge leaves without
// training rows are dropped; no fold is an error.
func Forward(d Data, k int, purge time.Duration) ([]Fold, error) {
	return d.byTime(k+1, func(start, end int64) func(t int64) bool {
		return func(t int64) bool { return t < start && before(t, start, purge) }
	})
}

// Blocked is a cross-validation by time in which every row with a time is
// validated once: the rows are cut at distinct times into k blocks of about
// equal size, and each fold validates on one and learns from all rows that
// are at least purge before its first or after its last time. So a fold may
// learn from the future of its validation rows: it measures how well the rule
// holds between periods, Forward how well it holds tomorrow. Groups,
// duplicates and errors are as in Forward.
func Blocked(d Data, k int, purge time.Duration) ([]Fold, error) {
	return d.byTime(k, func(start, end int64) func(t int64) bool {
		return func(t int64) bool {
			return t < start && before(t, start, purge) || t > end && before(end, t, purge)
		}
	})
}

// before tells whether a is at least purge before b.
func before(a, b int64, purge time.Duration) bool { return b-a >= purge.Microseconds() }

// byTime makes a fold of each of the blocks for which learn finds training
// rows. learn gets a block's first and last time.
func (d Data) byTime(blocks int, learn func(start, end int64) func(int64) bool) ([]Fold, error) {
	if d.Time == nil {
		return nil, tooFew("cross-validation by time", "the rows have no time")
	}
	line := d.timeline(d.rows())
	var folds []Fold
	for _, b := range line.blocks(blocks) {
		may := learn(line.times[b.lo], line.times[b.hi-1])
		var f Fold
		for _, r := range line.rows {
			if t := d.Time[r]; t >= line.times[b.lo] && t <= line.times[b.hi-1] {
				f.Valid = append(f.Valid, r)
			} else if may(t) {
				f.Train = append(f.Train, r)
			}
		}
		f.Train = d.apart(f.Train, f.Valid)
		if len(f.Train) > 0 {
			slices.Sort(f.Train)
			slices.Sort(f.Valid)
			folds = append(folds, f)
		}
	}
	if len(folds) == 0 {
		return nil, tooFew("cross-validation by time", "no two blocks of rows are a whole purge apart")
	}
	return folds, nil
}

// apart is rows without those that share a group or a duplicate with others.
func (d Data) apart(rows, others []int32) []int32 {
	for _, id := range [][]int32{d.Group, d.Duplicate} {
		if id == nil {
			continue
		}
		seen := make(map[int32]bool)
		for _, r := range others {
			if id[r] >= 0 {
				seen[id[r]] = true
			}
		}
		rows = slices.DeleteFunc(rows, func(r int32) bool { return seen[id[r]] })
	}
	return rows
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
