package linear

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// Features that are made again at every look give the same bits as those that
// are held.
func TestFeaturesNeedNotBeHeld(t *testing.T) {
	const n = 5000
	random := rand.New(rand.NewPCG(1, 2))
	a, b, c := table.Blank("a", table.Number, n), table.Blank("b", table.Number, n), table.Blank("c", table.Text, n)
	c.Levels = []string{"x", "y", "z"}
	d := learn.Data{Task: learn.Multiclass, Classes: 3, Target: make([]float64, n)}
	for i := range n {
		a.Number[i] = random.NormFloat64()
		if i%5 > 0 {
			b.Number[i] = random.ExpFloat64()
		}
		c.Code[i] = int32(random.IntN(4)) - 1
		d.Target[i] = float64(random.IntN(3))
	}
	d.Table = &table.Table{Rows: n, Columns: []table.Column{a, b, c}}
	ctx := context.Background()
	m := &Model{Task: d.Task, Classes: 3}
	if err := (Learner{Knots: 5}).encoding(ctx, m, nil, &d, 1); err != nil {
		t.Fatal(err)
	}
	m.target(&d)
	var coefficients [2][]float64
	for i, held := range []int{heldBytes, 0} {
		o, err := newObjective(ctx, m, &d, 2, held)
		if err != nil {
			t.Fatal(err)
		}
		if (o.dense == nil) != (held == 0) {
			t.Fatalf("%d bytes may be held, and %d features are", held, len(o.dense))
		}
		if coefficients[i], err = o.minimise(ctx, o.start(), 1, 0, exact); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(coefficients[0], coefficients[1]); diff != "" {
		t.Error(diff)
	}
}
