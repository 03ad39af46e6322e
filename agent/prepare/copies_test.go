package prepare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/table"
)

// numberedPlain numbers rows by the text of their values.
func numberedPlain(t *table.Table, target []float64) (number []int32, different int) {
	seen := map[string]int32{}
	for r := range t.Rows {
		text := ""
		for i := range t.Columns {
			text += fmt.Sprint(bits(&t.Columns[i], r), " ")
		}
		if target != nil {
			text += fmt.Sprint(target[r])
		}
		at, known := seen[text]
		if !known {
			at = int32(len(seen))
			seen[text] = at
		}
		number = append(number, at)
	}
	return number, len(seen)
}

func TestSameRowsIsThePlainDefinition(t *testing.T) {
	for rows := range 200 {
		random := rand.New(rand.NewPCG(uint64(rows), 1))
		values := 1 + random.IntN(12)
		a, b := table.Blank("a", table.Number, rows), table.Blank("b", table.Text, rows)
		b.Levels = []string{"x", "y", "z"}
		target := make([]float64, rows)
		for r := range rows {
			if v := random.IntN(values); v > 0 {
				a.Number[r] = float64(v - 1)
			}
			if random.IntN(9) == 0 {
				a.Number[r] = math.Copysign(0, -1)
			}
			b.Code[r] = int32(random.IntN(4)) - 1
			target[r] = float64(random.IntN(2))
		}
		all := &table.Table{Rows: rows, Columns: []table.Column{a, b}}
		for _, answer := range [][]float64{nil, target} {
			got, different := sameRows(all, answer)
			want, n := numberedPlain(all, answer)
			if len(want) > 0 && !cmp.Equal(got, want) || different != n {
				t.Fatalf("%d rows: %v, %d different; want %v, %d", rows, got, different, want, n)
			}
		}
	}
}

func TestMissingValuesAreEachTheirOwn(t *testing.T) {
	c := table.Column{Kind: table.Number, Number: []float64{3, math.NaN(), 3, 0, math.NaN(), math.Copysign(0, -1)}}
	if diff := cmp.Diff([]int32{0, 1, 0, 2, 3, 2}, oneNumberEach(&c)); diff != "" {
		t.Error(diff)
	}
}
