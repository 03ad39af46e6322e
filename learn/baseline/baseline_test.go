package baseline_test

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/table"
)

var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

var (
	dummy = learntest.Subject{Learner: baseline.Dummy{}, Decode: baseline.Decode, Tasks: tasks, Constant: true, Repeats: true}
	rule  = learntest.Subject{Learner: baseline.Rule{}, Decode: baseline.Decode, Tasks: tasks, Repeats: true}
)

func TestConformance(t *testing.T) {
	t.Run("dummy", func(t *testing.T) { learntest.Run(t, dummy) })
	t.Run("rule", func(t *testing.T) { learntest.Run(t, rule) })
}

func FuzzDecodeDummy(f *testing.F) { learntest.Fuzz(f, dummy) }

func FuzzDecodeRule(f *testing.F) { learntest.Fuzz(f, rule) }

func TestDummyIsTheShares(t *testing.T) {
	tests := []struct {
		data learn.Data
		want []float64
	}{
		{learn.Data{Task: learn.Binary, Classes: 2, Target: []float64{1, 0, 0, 1, 1}, Weight: []float64{1, 1, 1, 1, 2}}, []float64{4.5 / 7}},
		{learn.Data{Task: learn.Multiclass, Classes: 3, Target: []float64{1, 0, 0, 1, 1}}, []float64{2.5 / 6.5, 3.5 / 6.5, 0.5 / 6.5}},
		{learn.Data{Task: learn.Regression, Target: []float64{1, 2, 3, 4, 10}}, []float64{4}},
	}
	for _, test := range tests {
		test.data.Table = &table.Table{Rows: 5}
		m, err := baseline.Dummy{}.Fit(t.Context(), test.data, nil, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, len(test.want))
		m.Predict(nil, got)
		for k, want := range test.want {
			if math.Abs(got[k]-want) > 1e-15 {
				t.Errorf("%s: %v, want %v", test.data.Task, got, test.want)
			}
		}
	}
}

// contracts is 1,000 rows of a useless number, an identifier, and two columns
// that say something, the contract more.
func contracts() learn.Data {
	const n = 1000
	noise := table.Column{Name: "noise", Number: make([]float64, n)}
	months := table.Column{Name: "months", Number: make([]float64, n)}
	id := table.Column{Name: "id", Kind: table.Text, Code: make([]int32, n), Levels: make([]string, n)}
	contract := table.Column{Name: "contract", Kind: table.Text, Code: make([]int32, n), Levels: []string{"two years", "monthly", "yearly"}}
	target := make([]float64, n)
	for i := range n {
		noise.Number[i] = float64((i * 7919) % 1000)
		id.Code[i] = int32(i)
		contract.Code[i] = int32(i % 4)
		if i%4 == 3 {
			contract.Code[i] = -1
		}
		// Monthly: 3 of 5 leave; missing: 1 of 5; the others 1 of 25.
		leaves := map[int32]bool{1: i%5 < 3, -1: i%5 == 0, 0: i%25 == 0, 2: i%25 == 1}
		if leaves[contract.Code[i]] {
			target[i] = 1
		}
		months.Number[i] = float64(i%50) + 5*(1-target[i])
	}
	return learn.Data{
		Task: learn.Binary, Classes: 2, Target: target,
		Table: &table.Table{Rows: n, Columns: []table.Column{noise, id, months, contract}},
	}
}

func TestRuleInWords(t *testing.T) {
	d := contracts()
	fit := func() *baseline.Thumb {
		m, err := baseline.Rule{}.Fit(t.Context(), d, nil, learn.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		return m.(*baseline.Thumb)
	}
	if got, want := fit().Words(d.Table.Columns, nil), "contract: two years, yearly → 0.04036; monthly → 0.5985; missing → 0.2001"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	d.Task, d.Classes, d.Target = learn.Regression, 0, d.Table.Columns[2].Number
	if got, want := fit().Words(d.Table.Columns, nil), "months: below 16.5 → 9.764; 16.5 to 30 → 23.27; 30 to 41.5 → 35.97; from 41.5 → 47.63"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	d.Table = &table.Table{Rows: d.Table.Rows, Columns: d.Table.Columns[:2]}
	d.Task, d.Classes = learn.Multiclass, 3
	d.Target = make([]float64, d.Table.Rows)
	d.Target[5], d.Target[9] = 1, 2
	if got, want := fit().Words(d.Table.Columns, []string{"stays", "leaves", "unknown"}), "always → stays (1.00)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRulePredictsItsGroups(t *testing.T) {
	d := contracts()
	m, err := baseline.Rule{}.Fit(t.Context(), d, nil, learn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	x := []float64{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, math.NaN(), 0, 0, 0, 77}
	got := make([]float64, 4)
	m.Predict(x[:16], got)
	for i, want := range []float64{0.6, 0.04, 0.2, 0.22} {
		if math.Abs(got[i]-want) > 0.005 {
			t.Errorf("row %d is predicted %.4f, want %.2f", i, got[i], want)
		}
	}
}
