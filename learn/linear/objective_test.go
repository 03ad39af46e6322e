package linear

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime/debug"
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

// Features that are made column by column are those that a row is scored with.
func TestColumnsAndRowsHaveTheSameFeatures(t *testing.T) {
	const n = 700
	random := rand.New(rand.NewPCG(3, 4))
	d := learn.Data{Task: learn.Binary, Classes: 2, Target: make([]float64, n), Table: &table.Table{Rows: n}}
	for j := range 7 {
		kind := table.Number
		if j > 3 {
			kind = table.Text
		}
		c := table.Blank(string(rune('a'+j)), kind, n)
		c.Levels = []string{"x", "y", "z", "rare"}
		for i := range n {
			switch {
			case kind == table.Text:
				c.Code[i] = int32(random.IntN(4)) - 1
			case j == 0:
				c.Number[i] = 3 // says nothing
			case j == 1 || i%7 > 0:
				c.Number[i] = math.Round(random.NormFloat64()*100) / 10
			}
		}
		d.Table.Columns = append(d.Table.Columns, c)
	}
	for i := range n {
		d.Target[i] = float64(random.IntN(2))
		d.Rows = append(d.Rows, int32(i))
	}
	d.Rows = d.Rows[5 : n-3]
	ctx := context.Background()
	for name, l := range map[string]Learner{"lines": {}, "bends": {Knots: 4}, "ranks": {Ranks: true}, "pairs": {Pairs: 60}} {
		m := &Model{Task: d.Task, Classes: 2}
		if err := l.encoding(ctx, m, []int{1, 2, 4, 3, 5, 6}, &d, 1); err != nil {
			t.Fatal(err)
		}
		if pairs := len(m.Products) > 0 && len(m.Crosses) > 0; pairs != (name == "pairs") || m.Slots() == 0 {
			t.Fatalf("%s: %d products, %d crosses, %d slots", name, len(m.Products), len(m.Crosses), m.Slots())
		}
		o, err := newObjective(ctx, m, &d, 2, heldBytes)
		if err != nil {
			t.Fatal(err)
		}
		x, dense, slot := make([]float64, 7), make([]float64, m.Dense), make([]int32, m.Slots())
		for i, r := range d.Rows {
			d.Table.Gather(x, []int32{r})
			m.Encode(x, dense, slot)
			if diff := cmp.Diff(dense, o.features(i, i+1, nil)); diff != "" {
				t.Fatalf("%s: row %d: %s", name, r, diff)
			}
			if diff := cmp.Diff(slot, o.slot[i*o.slots:(i+1)*o.slots]); diff != "" {
				t.Fatalf("%s: row %d: %s", name, r, diff)
			}
		}
	}
}

// What comes of values without weights is what comes of them with a weight of
// 1, bit for bit: zeros of both signs, too.
func TestValuesWithoutWeights(t *testing.T) {
	const n = 3000
	random := rand.New(rand.NewPCG(5, 6))
	c := table.Blank("a", table.Number, n)
	d := learn.Data{Table: &table.Table{Rows: n}, Weight: make([]float64, n)}
	for i := range n {
		d.Weight[i] = 1
		if i%9 > 0 {
			c.Number[i] = math.Round(random.NormFloat64() * 2) // -0 is among them
		}
	}
	want, missing := present(&c, &d)
	d.Weight = nil
	got, absent := present(&c, &d)
	if missing != absent || len(got.x) != len(want.x) {
		t.Fatalf("%v missing of %d, want %v of %d", absent, len(got.x), missing, len(want.x))
	}
	for i := range want.x {
		if math.Float64bits(got.x[i]) != math.Float64bits(want.x[i]) {
			t.Fatalf("value %d is %v, want %v", i, got.x[i], want.x[i])
		}
	}
	shares := []float64{0, 0.05, 0.5, 0.95, 1}
	if diff := cmp.Diff(want.quantiles(shares...), got.quantiles(shares...)); diff != "" {
		t.Error(diff)
	}
}

// A process that may use little holds little.
func TestHeldIsWithinTheLimitOfTheHeap(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for limit, most := range map[int64]int{math.MaxInt64: heldBytes, 100 << 20: 100 << 20 / 8} {
		debug.SetMemoryLimit(limit)
		if got := held(); got > most || got <= 0 {
			t.Errorf("of %d bytes %d are held, at most %d may be", limit, got, most)
		}
	}
}
