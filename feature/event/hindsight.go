package event

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// The bounds of hindsight.
const (
	leastRows      = 100  // rows of a snapshot that are judged
	leastClass     = 20   // of each class
	hindsightAUC   = 0.70 // at the newest snapshot
	hindsightRise  = 0.15 // over the middle one of the earlier snapshots
	hindsightParts = 10   // equal parts of a number column
)

// Hindsight finds attributes that were written down after the outcome. A table
// without dates stands as it was at the end of the data; where one of its
// columns tells the answers of the newest snapshot far better than those of
// the earlier ones, it was made with them in sight. values has the features'
// columns, at the snapshot and label (0 or 1) of each row. Only attributes
// are judged, and nothing where there are fewer than three snapshots. The
// findings ask for removal; labels are used for nothing else.
func Hindsight(features []Feature, values *table.Table, at []int64, label []float64) []handoff.Finding {
	groups := bySnapshot(at, label)
	if len(groups) < 3 {
		return nil
	}
	var out []handoff.Finding
	for i := range features {
		f := &features[i]
		if f.Measure != Attribute {
			continue
		}
		var scores []float64
		for _, rows := range groups {
			scores = append(scores, tells(&values.Columns[i], rows, label))
		}
		newest := scores[len(scores)-1]
		slices.Sort(scores[:len(scores)-1])
		middle := scores[(len(scores)-1)/2]
		if newest < hindsightAUC || newest-middle < hindsightRise {
			continue
		}
		out = append(out, handoff.Finding{
			Code: "leak.after_outcome", Severity: handoff.Warning, Table: &f.Table, Column: &f.Column, Action: handoff.Removed,
			Evidence: fmt.Sprintf("alone it ranks the answers of the newest snapshot with an auc of %.2f, those of earlier snapshots with %.2f", newest, middle),
			Fix:      "give a table with one dated row for each change if the column is to be used",
		})
	}
	return out
}

// bySnapshot are the rows of each snapshot that can be judged, oldest first.
func bySnapshot(at []int64, label []float64) [][]int32 {
	rows := make([]int32, len(at))
	for i := range rows {
		rows[i] = int32(i)
	}
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(at[a], at[b]) })
	var out [][]int32
	for lo := 0; lo < len(rows); {
		hi, positive := lo, 0
		for hi < len(rows) && at[rows[hi]] == at[rows[lo]] {
			if label[rows[hi]] == 1 {
				positive++
			}
			hi++
		}
		if n := hi - lo; n >= leastRows && min(positive, n-positive) >= leastClass {
			out = append(out, rows[lo:hi])
		}
		lo = hi
	}
	return out
}

// tells is the auc of one column on the rows: a row's score is the mean label
// of the rows of its value (or tenth of the values) in the other half.
func tells(c *table.Column, rows []int32, label []float64) float64 {
	group, groups := parts(c, rows)
	var sum, n [2][]float64
	total := 0.0
	for half := range 2 {
		sum[half], n[half] = make([]float64, groups), make([]float64, groups)
	}
	for i, r := range rows {
		sum[i%2][group[i]] += label[r]
		n[i%2][group[i]]++
		total += label[r]
	}
	mean := total / float64(len(rows))
	type scored struct{ score, label float64 }
	all := make([]scored, len(rows))
	for i, r := range rows {
		other := 1 - i%2
		all[i] = scored{(sum[other][group[i]] + mean) / (n[other][group[i]] + 1), label[r]}
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var below, wins float64
	for lo := 0; lo < len(all); {
		hi, positive := lo, 0.0
		for hi < len(all) && all[hi].score == all[lo].score {
			positive += all[hi].label
			hi++
		}
		negative := float64(hi-lo) - positive
		wins += positive * (below + negative/2)
		below += negative
		lo = hi
	}
	return wins / (total * (float64(len(rows)) - total))
}

// parts are the groups of the rows by a column's value: 0 is missing; a number
// column is cut into equal parts.
func parts(c *table.Column, rows []int32) (group []int, groups int) {
	group = make([]int, len(rows))
	if c.Kind == table.Text {
		for i, r := range rows {
			group[i] = int(c.Code[r]) + 1
		}
		return group, len(c.Levels) + 1
	}
	var sorted []float64
	for _, r := range rows {
		if !c.IsMissing(int(r)) {
			sorted = append(sorted, c.Number[r])
		}
	}
	slices.Sort(sorted)
	for i, r := range rows {
		if !c.IsMissing(int(r)) {
			at, _ := slices.BinarySearch(sorted, c.Number[r])
			group[i] = 1 + at*hindsightParts/len(sorted)
		}
	}
	return group, hindsightParts + 1
}
