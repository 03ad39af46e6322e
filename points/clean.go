package points

import (
	"fmt"
	"math"
	"strings"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// Clean leaves out rows that repeat an earlier row in every column: the same
// event written down twice. It gives the number of rows left out.
func Clean(t *table.Table) (clean *table.Table, repeated int) {
	sums := make([]uint64, t.Rows)
	for i := range t.Columns {
		mix(sums, &t.Columns[i])
	}
	newest := make(map[uint64]int32, t.Rows) // last kept row of a hash
	before := make([]int32, t.Rows)          // the kept row before it with the same hash, -1 for none
	keep := make([]int32, 0, t.Rows)
	for row, sum := range sums {
		at, known := newest[sum]
		if !known {
			at = -1
		}
		if repeats(t, before, at, row) {
			continue
		}
		before[row], newest[sum] = at, int32(row)
		keep = append(keep, int32(row))
	}
	if len(keep) == t.Rows {
		return t, 0
	}
	return t.Take(keep), t.Rows - len(keep)
}

// mix takes a column's values into the hashes of the rows (FNV-1a on words,
// with a shift that brings high bits down).
func mix(sums []uint64, c *table.Column) {
	for row := range sums {
		h := (sums[row] ^ bits(c, row)) * 1099511628211
		sums[row] = h ^ h>>29
	}
}

// bits are equal for equal values; a missing one equals a missing one.
func bits(c *table.Column, row int) uint64 {
	switch {
	case c.IsMissing(row):
		return 0x7ff8_dead_beef_0001
	case c.Kind == table.Number:
		return math.Float64bits(c.Number[row] + 0) // -0 equals 0
	case c.Kind == table.Text:
		return uint64(c.Code[row])
	}
	return uint64(c.Time[row])
}

// repeats tells whether row equals one of the chain of kept rows that begins
// at earlier.
func repeats(t *table.Table, before []int32, earlier int32, row int) bool {
	for ; earlier >= 0; earlier = before[earlier] {
		same := true
		for i := range t.Columns {
			if bits(&t.Columns[i], int(earlier)) != bits(&t.Columns[i], row) {
				same = false
				break
			}
		}
		if same {
			return true
		}
	}
	return false
}

func lacking(name string, columns []string) error {
	return &problem.Problem{
		Kind: problem.Blocked, Code: "predict.missing_column", Where: name,
		What: fmt.Sprintf("table %s lacks %d columns that it had in training: %s", name, len(columns), strings.Join(columns, ", ")),
		Why:  "features are made of them, or they tell rows apart",
		Fix:  "add them, or take them as missing in every row with --allow-missing",
	}
}
