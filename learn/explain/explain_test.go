package explain_test

import (
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/explain"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/tree"
)

var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

// families are small learners of every family.
func families() []learn.Learner {
	return []learn.Learner{
		baseline.Dummy{},
		baseline.Rule{},
		linear.Learner{L2: 1},
		linear.Learner{L2: 1, Knots: 3, Ranks: true},
		linear.Learner{L2: 1, Pairs: 40},
		tree.Boost{Rounds: 15, Leaves: 10},
		forest.Learner{Trees: 8, Leaves: 30},
		neighbor.Learner{K: 7, Rows: 200},
		net.Learner{Epochs: 2, Width: 8},
	}
}

func fit(t testing.TB, d learn.Data, learners ...learn.Learner) []learn.Model {
	t.Helper()
	var models []learn.Model
	for _, l := range learners {
		m, err := l.Fit(t.Context(), d, nil, learn.Options{Seed: 5, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	return models
}

// rows are the first n rows of a table.
func rows(d learn.Data, n int) (x []float64) {
	x = make([]float64, n*len(d.Table.Columns))
	at := make([]int32, n)
	for i := range at {
		at[i] = int32(i)
	}
	d.Table.Gather(x, at)
	return x
}

// maps are calibrations of each kind.
func maps(d learn.Data) []calibrate.Map {
	switch d.Task {
	case learn.Binary:
		return []calibrate.Map{
			{Kind: calibrate.Identity},
			{Kind: calibrate.Platt, Width: 1, Slope: 1.7, Offset: -0.4},
			{Kind: calibrate.Beta, Width: 1, Slope: 0.8, Fall: 1.3, Offset: 0.2},
			{Kind: calibrate.Isotonic, Width: 1, Knots: [][2]float64{{-2, -3}, {-0.5, -0.4}, {0.1, 0}, {2, 2.5}}},
		}
	case learn.Multiclass:
		return []calibrate.Map{{Kind: calibrate.Identity}, {Kind: calibrate.Temperature, Width: d.Classes, Slope: 0.7}, {Kind: calibrate.Temperature, Width: d.Classes, Slope: 1.9}}
	}
	return []calibrate.Map{{Kind: calibrate.Identity}}
}

// adds holds base and contributions against the score that is served, whatever
// the pool.
func adds(t *testing.T, name string, task learn.Task, e *ensemble.Model, c calibrate.Map, x []float64, columns int) {
	t.Helper()
	addsPooled(t, name, task, e, c, x, columns)
	if task != learn.Regression {
		logarithmic := &ensemble.Model{Pool: ensemble.Logarithmic, Members: e.Members}
		addsPooled(t, name+", logarithmic", task, logarithmic, c, x, columns)
	}
}

func addsPooled(t *testing.T, name string, task learn.Task, e *ensemble.Model, c calibrate.Map, x []float64, columns int) {
	t.Helper()
	m := explain.New(task, e, c, columns, x[:3*columns])
	width := e.Width()
	out, score := make([]float64, width*columns), make([]float64, width)
	for ; len(x) > 0; x = x[columns:] {
		m.Row(x[:columns], out)
		e.Predict(x[:columns], score)
		c.Apply(score)
		m.Scale(score)
		for k, want := range score {
			got := m.Base()[k]
			for _, v := range out[k*columns : (k+1)*columns] {
				got += v
			}
			if !(math.Abs(got-want) <= 1e-9*max(1, math.Abs(want))) {
				t.Fatalf("%s, %s calibrated: base and contributions are %v, the score is %v", name, c.Kind, got, want)
			}
		}
	}
}

// Base and contributions are the score that is served: for every family, and
// for an ensemble of all of them.
func TestContributionsAddUp(t *testing.T) {
	for _, task := range tasks {
		d := learntest.Table(task, 500, 4)
		columns := len(d.Table.Columns)
		x := rows(d, 30)
		learners := families()
		if task == learn.Regression {
			learners = append(learners, root.Learner{Of: tree.Boost{Rounds: 15, Leaves: 10}}, root.Learner{Of: net.Learner{Epochs: 2, Width: 8}})
		}
		models := fit(t, d, learners...)
		all := &ensemble.Model{}
		for i, m := range models {
			alone := &ensemble.Model{Members: []ensemble.Member{{Weight: 2, Models: []learn.Model{m}}}}
			all.Members = append(all.Members, ensemble.Member{Weight: 1 + float64(i), Models: []learn.Model{m, models[5]}})
			for _, c := range maps(d) {
				adds(t, string(task)+" "+m.Name(), task, alone, c, x, columns)
			}
		}
		for _, c := range maps(d) {
			adds(t, string(task)+" ensemble", task, all, c, x, columns)
		}
	}
}

// Probabilities at the ends of what can be written, and far from the base.
func TestContributionsAddUpAtTheEnds(t *testing.T) {
	d := learntest.Table(learn.Binary, 400, 6)
	for i := range d.Target { // a column that gives everything away
		d.Target[i] = 0
		if d.Table.Columns[0].Number[i] > 0 {
			d.Target[i] = 1
		}
	}
	e := &ensemble.Model{Members: []ensemble.Member{
		{Weight: 1, Models: fit(t, d, tree.Boost{Rounds: 400, Leaves: 4, LearningRate: 0.5}, linear.Learner{L2: 1e-9})},
	}}
	for _, c := range maps(d) {
		adds(t, "sure", learn.Binary, e, c, rows(d, 50), len(d.Table.Columns))
	}
}

// An ensemble of boosted models has its exact Shapley values, in log-odds where
// their mean is taken in log-odds, whatever leads to probabilities and back; so
// has one for regression, in values.
func TestExactWhereItCanBe(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Regression} {
		d := learntest.Table(task, 500, 5)
		columns := len(d.Table.Columns)
		models := fit(t, d, tree.Boost{Rounds: 12, Leaves: 8}, tree.Boost{Rounds: 20, Leaves: 5})
		e := &ensemble.Model{Pool: ensemble.PoolOf(task), Members: []ensemble.Member{{Weight: 3, Models: models[:1]}, {Weight: 1, Models: models[1:]}}}
		share := []float64{0.75, 0.25}
		m := explain.New(task, e, calibrate.Map{}, columns, nil)
		if !m.Exact() {
			t.Error("trees are said to be an estimate")
		}
		x, got, one := rows(d, 40), make([]float64, columns), make([]float64, columns)
		for ; len(x) > 0; x = x[columns:] {
			want := make([]float64, columns)
			for i, model := range models {
				model.(*tree.Model).Explainer().Contributions(x[:columns], one)
				for j, v := range one {
					want[j] += share[i] * v
				}
			}
			m.Row(x[:columns], got)
			for j := range want {
				if math.Abs(got[j]-want[j]) > 1e-9*max(1, math.Abs(want[j])) {
					t.Fatalf("%s: column %d moves by %v, its Shapley value is %v", task, j, got[j], want[j])
				}
			}
		}
	}
}

// A linear model's contributions are its score minus the mean of its scores
// with the column's values of all rows of training.
func TestLinearByDefinition(t *testing.T) {
	for _, l := range []linear.Learner{{L2: 1}, {L2: 1, Knots: 4}} {
		d := learntest.Table(learn.Binary, 300, 8)
		columns := len(d.Table.Columns)
		models := fit(t, d, l)
		m := explain.New(learn.Binary, &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: models}}}, calibrate.Map{}, columns, nil)
		all := rows(d, 300)
		logOdds := func(x []float64) float64 {
			p := [1]float64{}
			models[0].Predict(x, p[:])
			return calibrate.LogOdds(p[0])
		}
		got := make([]float64, columns)
		for row := range 10 {
			x := all[row*columns : (row+1)*columns]
			m.Row(x, got)
			for j := range columns {
				want, other := logOdds(x), slices.Clone(x)
				for i := range 300 {
					other[j] = all[i*columns+j]
					want -= logOdds(other) / 300
				}
				if math.Abs(got[j]-want) > 1e-6 {
					t.Errorf("row %d: column %d moves by %v, by definition %v", row, j, got[j], want)
				}
			}
		}
	}
}

// hidden is a model that nothing is known of but its predictions.
type hidden struct{ learn.Model }

// Permutations of a model without interactions give its Shapley values, which
// are differences from the rows it is held against.
func TestSampledByDefinition(t *testing.T) {
	d := learntest.Table(learn.Regression, 300, 9)
	columns := len(d.Table.Columns)
	models := fit(t, d, linear.Learner{L2: 1})
	e := &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: []learn.Model{hidden{models[0]}}}}}
	x := rows(d, 20)
	background := x[19*columns:]
	m := explain.New(learn.Regression, e, calibrate.Map{}, columns, background)
	if m.Exact() {
		t.Error("permutations are said to be exact")
	}
	got, a, b := make([]float64, columns), []float64{0}, []float64{0}
	for row := range 19 {
		x := x[row*columns : (row+1)*columns]
		m.Row(x, got)
		models[0].Predict(background, a)
		for j, v := range got {
			other := slices.Clone(background)
			other[j] = x[j]
			models[0].Predict(other, b)
			if want := b[0] - a[0]; math.Abs(v-want) > 1e-9*max(1, math.Abs(want)) {
				t.Errorf("row %d: column %d moves by %v, by definition %v", row, j, v, want)
			}
		}
	}
}

// The same row has the same bits on many goroutines at once, and from another
// explainer of the same model.
func TestSameBits(t *testing.T) {
	d := learntest.Table(learn.Multiclass, 300, 10)
	columns := len(d.Table.Columns)
	e := &ensemble.Model{}
	for _, m := range fit(t, d, families()...) {
		e.Members = append(e.Members, ensemble.Member{Weight: 1, Models: []learn.Model{m}})
	}
	x := rows(d, 10)
	first := explain.New(d.Task, e, calibrate.Map{}, columns, x)
	want := make([]float64, e.Width()*columns)
	first.Row(x[:columns], want)
	var group sync.WaitGroup
	for _, m := range []*explain.Model{first, first, explain.New(d.Task, e, calibrate.Map{}, columns, x)} {
		group.Go(func() {
			got := make([]float64, len(want))
			for range 3 {
				m.Row(x[columns:2*columns], got)
				if m.Row(x[:columns], got); !slices.Equal(got, want) {
					t.Error("other bits")
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkRow(b *testing.B) {
	d := learntest.Table(learn.Binary, 4000, 11)
	columns := len(d.Table.Columns)
	models := fit(b, d, slices.Repeat([]learn.Learner{tree.Boost{Rounds: 200, Leaves: 24}}, 5)...)
	m := explain.New(d.Task, &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: models}}}, calibrate.Map{}, columns, nil)
	x, out := rows(d, 1), make([]float64, columns)
	for b.Loop() {
		m.Row(x, out)
	}
	b.ReportMetric(float64(m.Cost()), "steps")
}

// FuzzMembers explains a row by whatever model was read.
func FuzzMembers(f *testing.F) {
	decoders := []func([]byte) (learn.Model, error){baseline.Decode, linear.Decode, tree.Decode, forest.Decode}
	for _, task := range tasks {
		d := learntest.Table(task, 80, 12)
		for i, m := range fit(f, d, baseline.Rule{}, linear.Learner{L2: 1, Pairs: 9}, tree.Boost{Rounds: 2, Leaves: 5, MinRows: 2}, forest.Learner{Trees: 2, Leaves: 5}) {
			data, err := m.MarshalBinary()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(i), data, float64(i))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte, value float64) {
		read, err := decoders[int(which)%len(decoders)](data)
		if err != nil || math.IsInf(value, 0) {
			return
		}
		columns := 0
		switch m := read.(type) {
		case *tree.Model:
			columns = m.Columns
		case *linear.Model:
			columns = len(m.Columns)
		case *baseline.Thumb:
			columns = m.Columns
		case *forest.Model:
			columns = m.Columns()
		}
		if columns*read.Width() > 1<<16 {
			return
		}
		task := []learn.Task{learn.Regression, learn.Multiclass}[min(read.Width()-1, 1)]
		e := &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: []learn.Model{read}}}}
		x, out := slices.Repeat([]float64{value}, columns), make([]float64, read.Width()*columns)
		explain.New(task, e, calibrate.Map{}, columns, nil).Row(x, out)
	})
}
