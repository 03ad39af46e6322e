package fitting

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/rowfile"
)

// A smaller part is inside a larger one; each class keeps its share, and rows
// of a group stay together.
func TestPartsAreNested(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 1000
	b := &Bench{File: &rowfile.File{}, Folds: handoff.Folds{Seed: 5}}
	b.Fits.Data = learn.Data{Classes: 2}
	var rows, groups []int32
	for i := range int32(n) {
		b.Fits.Data.Target = append(b.Fits.Data.Target, float64(i%10/9))
		if r.IntN(5) > 0 {
			rows = append(rows, i)
		}
		groups = append(groups, i/4)
	}
	for _, by := range []string{"rows", "groups"} {
		b.File.Groups = nil
		if by == "groups" {
			b.File.Groups = groups
		}
		last := rows
		for halvings := 1; halvings <= 4; halvings++ {
			part := b.halved(rows, halvings)
			if !slices.IsSorted(part) {
				t.Errorf("%s: the rows of a part are not ascending", by)
			}
			positive := 0
			for _, row := range part {
				positive += int(b.Fits.Data.Target[row])
				if !slices.Contains(last, row) {
					t.Fatalf("%s: row %d of the %d-th part is not in the one before", by, row, halvings)
				}
				if by == "groups" {
					for _, other := range rows {
						if other/4 == row/4 && !slices.Contains(part, other) {
							t.Fatalf("row %d is in the part, %d of its group is not", row, other)
						}
					}
				}
			}
			want := len(rows) >> halvings
			if len(part) < want*8/10 || len(part) > want*12/10+2 {
				t.Errorf("%s: %d rows after %d halvings of %d", by, len(part), halvings, len(rows))
			}
			if by == "rows" && (positive < want/10-3 || positive > want/10+3) {
				t.Errorf("%d of %d rows are positive, want a tenth", positive, len(part))
			}
			last = part
		}
	}
}

// So it is with many rows.
func TestPartsOfManyRows(t *testing.T) {
	b := &Bench{File: &rowfile.File{}, Folds: handoff.Folds{Seed: 5}}
	rows := make([]int32, 2*manyRows)
	for i := range rows {
		rows[i] = int32(i)
	}
	last := rows
	for halvings := 1; halvings <= 4; halvings++ {
		part := b.halved(rows, halvings)
		in := make(map[int32]bool, len(last))
		for _, row := range last {
			in[row] = true
		}
		for _, row := range part {
			if !in[row] {
				t.Fatalf("row %d of the %d-th part is not in the one before", row, halvings)
			}
		}
		if want := len(rows) >> halvings; len(part) < want*97/100 || len(part) > want*103/100 || !slices.IsSorted(part) {
			t.Errorf("%d rows after %d halvings of %d", len(part), halvings, len(rows))
		}
		last = part
	}
}
