package points_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/septet-ml/septet/points"
	"github.com/septet-ml/septet/table"
)

func TestCleanLeavesOutRepetitions(t *testing.T) {
	nan := math.NaN()
	in := &table.Table{Rows: 6, Columns: []table.Column{
		{Name: "n", Kind: table.Number, Number: []float64{1, 1, nan, nan, 1, 2}},
		{Name: "c", Kind: table.Text, Levels: []string{"a", "b"}, Code: []int32{0, 0, -1, -1, 1, 0}},
		{Name: "t", Kind: table.Time, Time: []int64{5, 5, table.NoTime, table.NoTime, 5, 5}},
	}}
	got, repeated := points.Clean(in)
	if repeated != 2 {
		t.Errorf("%d rows left out, want 2", repeated)
	}
	if diff := cmp.Diff([]int64{5, table.NoTime, 5, 5}, got.Columns[2].Time); diff != "" {
		t.Error(diff)
	}
}

// It keeps just the rows that no earlier row equals.
func TestCleanAgainstItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	in := &table.Table{Rows: 500, Columns: make([]table.Column, 2)}
	for range in.Rows {
		in.Columns[0].Number = append(in.Columns[0].Number, float64(random.IntN(15)))
		in.Columns[1].Number = append(in.Columns[1].Number, float64(random.IntN(15)))
	}
	seen := map[[2]float64]bool{}
	var want []float64
	for row := range in.Rows {
		key := [2]float64{in.Columns[0].Number[row], in.Columns[1].Number[row]}
		if !seen[key] {
			want = append(want, key[1])
		}
		seen[key] = true
	}
	got, _ := points.Clean(in)
	if diff := cmp.Diff(want, got.Columns[1].Number); diff != "" {
		t.Error(diff)
	}
}
