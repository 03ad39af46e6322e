package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Keep leaves what Take gives, and what was taken before as it was.
func TestKeep(t *testing.T) {
	whole := func() *Table {
		return &Table{Rows: 4, Columns: []Column{
			{Name: "n", Kind: Number, Number: []float64{1, 2, 3, 4}},
			{Name: "t", Kind: Text, Code: []int32{1, Missing, 0, 1}, Levels: []string{"a", "b"}},
			{Name: "at", Kind: Time, Time: []int64{10, NoTime, 30, 40}},
		}}
	}
	for _, rows := range [][]int32{{}, {1}, {0, 2, 3}, {0, 1, 2, 3}} {
		got, before := whole(), whole()
		copies := *got
		copies.Columns = append([]Column{}, got.Columns...)
		got.Keep(rows)
		if diff := cmp.Diff(before.Take(rows), got); diff != "" {
			t.Errorf("rows %v (-Take +Keep):\n%s", rows, diff)
		}
		if diff := cmp.Diff(before, &copies); diff != "" {
			t.Errorf("rows %v: other columns changed (-want +got):\n%s", rows, diff)
		}
	}
}
