package neighbor_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/table"
)

var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

func TestConformance(t *testing.T) {
	for name, l := range map[string]neighbor.Learner{"plain": {}, "ranks": {Ranks: true, K: 15}} {
		t.Run(name, func(t *testing.T) {
			learntest.Run(t, learntest.Subject{Learner: l, Decode: neighbor.Decode, Tasks: tasks})
		})
	}
}

func FuzzDecode(f *testing.F) {
	learntest.Fuzz(f, learntest.Subject{Learner: neighbor.Learner{}, Decode: neighbor.Decode, Tasks: tasks})
}

// A ring inside a ring, beside a column of noise: no line divides them.
func TestNeighboursFindWhatNoLineDoes(t *testing.T) {
	const n = 2000
	r := rand.New(rand.NewPCG(1, 1))
	d := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: n}, Target: make([]float64, n)}
	for range 3 {
		d.Table.Columns = append(d.Table.Columns, table.Column{Kind: table.Number, Number: make([]float64, n)})
	}
	for i := range n {
		d.Target[i] = float64(i % 2)
		angle, radius := 2*math.Pi*r.Float64(), 1+d.Target[i]+0.2*r.NormFloat64()
		d.Table.Columns[0].Number[i] = radius * math.Cos(angle)
		d.Table.Columns[1].Number[i] = radius * math.Sin(angle)
		d.Table.Columns[2].Number[i] = r.NormFloat64()
	}
	fit := d
	for i := range n / 2 {
		fit.Rows = append(fit.Rows, int32(i))
	}
	m, err := neighbor.Learner{}.Fit(t.Context(), fit, nil, learn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i := n / 2; i < n; i++ {
		x, out := make([]float64, 3), make([]float64, 1)
		d.Table.Gather(x, []int32{int32(i)})
		m.Predict(x, out)
		if (out[0] > 0.5) == (d.Target[i] == 1) {
			right++
		}
	}
	if share := float64(right) / (n / 2); share < 0.9 {
		t.Errorf("%.3f of fresh rows are right, want 0.9", share)
	}
}
