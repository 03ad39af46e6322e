package baseline_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/table"
)

func TestConformance(t *testing.T) {
	tasks := []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}
	learntest.Run(t, learntest.Subject{Learner: baseline.Dummy{}, Decode: baseline.Decode, Tasks: tasks, Constant: true})
	learntest.Run(t, learntest.Subject{Learner: baseline.Rule{}, Decode: baseline.Decode, Tasks: tasks, Constant: true})
}

// The rule finds the column that decides, whatever its kind.
func TestRuleFindsTheColumn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 600
	noise, age := make([]float64, n), make([]float64, n)
	plan := make([]int32, n)
	byAge, byPlan := make([]float64, n), make([]float64, n)
	for i := range n {
		noise[i], age[i], plan[i] = random.NormFloat64(), float64(random.IntN(80)), int32(random.IntN(3))
		if age[i] > 40 {
			byAge[i] = 1
		}
		if plan[i] == 1 {
			byPlan[i] = 1
		}
	}
	tab := &table.Table{Rows: n, Columns: []table.Column{
		{Name: "noise", Number: noise}, {Name: "age", Number: age},
		{Name: "plan", Kind: table.Text, Code: plan, Levels: []string{"a", "b", "c"}},
	}}
	for _, c := range []struct {
		column string
		target []float64
	}{{"age", byAge}, {"plan", byPlan}} {
		m, err := baseline.Rule{}.Fit(context.Background(), learn.Data{Task: learn.Binary, Classes: 2, Table: tab, Target: c.target}, nil, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		rule := m.(*baseline.Model)
		if rule.ColumnName != c.column {
			t.Errorf("rule %q, want column %s", rule.Rule(), c.column)
		}
		wrong := 0
		for i := range n {
			var p [1]float64
			m.Predict([]float64{noise[i], age[i], float64(plan[i])}, p[:])
			if math.Abs(p[0]-c.target[i]) > 0.5 {
				wrong++
			}
		}
		if wrong > n/30 {
			t.Errorf("%s: %d of %d rows on the wrong side of %q", c.column, wrong, n, rule.Rule())
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"family":"rule","column":0,"cuts":[1],"leaves":[[0.1],[0.2],[0.3]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := baseline.Decode(data); err == nil {
			m.Predict(make([]float64, 100), make([]float64, m.Width()))
		}
	})
}
