package tree

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/problem"
)

// A prediction with a direction never moves against it, whatever the other
// columns are, and still learns.
func TestMonotone(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Regression} {
		for _, loss := range []Loss{Auto, Quantile} {
			if task == learn.Binary && loss != Auto {
				continue
			}
			d := taskData(3000, 11, task)
			for k := range 4 {
				direction := 1 - k/2*2
				b := Defaults()
				b.Rounds, b.Loss, b.Monotone = 60, loss, map[string]int{"a": direction, "few": 1}
				b.Symmetric = k % 2 * 4
				m := fitted(t, b, d, nil, 2)
				x, out := make([]float64, len(d.Table.Columns)), []float64{0}
				for row := range int32(50) {
					d.Table.Gather(x, []int32{row})
					last := math.Inf(-direction)
					for a := -4.0; a <= 4; a += 0.05 {
						x[0] = a
						m.Predict(x, out)
						if float64(direction)*(out[0]-last) < 0 {
							t.Fatalf("%s %s: at a = %g the prediction went from %g to %g against direction %d", task, loss, a, last, out[0], direction)
						}
						last = out[0]
					}
				}
			}
		}
	}
}

// About the asked part of the targets is below the prediction.
func TestQuantileLoss(t *testing.T) {
	d := taskData(6000, 12, learn.Regression)
	train, test := halves(d)
	for _, q := range []float64{0.1, 0.5, 0.9} {
		b := Defaults()
		b.Rounds, b.LearningRate, b.Leaves, b.Loss, b.Quantile = 150, 0.1, 6, Quantile, q
		p := predicted(t, fitted(t, b, train, &test, 2), d.Table, test.Rows)
		below := 0.0
		for i, r := range test.Rows {
			if d.Target[r] <= p[i] {
				below += 1 / float64(len(p))
			}
		}
		if math.Abs(below-q) > 0.06 {
			t.Errorf("%.3f of the targets are below the prediction of quantile %g", below, q)
		}
	}
}

// A row of weight 2 is worth two rows, and one of weight 0 none.
func TestWeights(t *testing.T) {
	for _, task := range tasksToLearn {
		d := taskData(2000, 13, task)
		for j := range 3 { // few values, so that the cuts do not depend on how often they occur
			for i, x := range d.Table.Columns[j].Number {
				d.Table.Columns[j].Number[i] = math.Round(x * []float64{5, 0.1, 5}[j])
			}
		}
		d.Table.Columns = d.Table.Columns[:5]
		b := Boost{Rounds: 10, Category: Category{SetRows: 1}, L2: 1, MinHessian: 5}
		weighted, repeated := d, d
		weighted.Weight = make([]float64, d.Table.Rows)
		repeated.Rows = []int32{}
		for i := range weighted.Weight {
			weighted.Weight[i] = float64(i % 3)
			for range i % 3 {
				repeated.Rows = append(repeated.Rows, int32(i))
			}
		}
		got := predicted(t, fitted(t, b, weighted, nil, 1), d.Table, nil)
		want := predicted(t, fitted(t, b, repeated, nil, 1), d.Table, nil)
		off, size := 0.0, 0.0
		for i := range got {
			off += math.Abs(got[i] - want[i])
			size += math.Abs(want[i])
		}
		if off > 0.01*size { // gradients are rounded differently
			t.Errorf("%s: weights and repeated rows differ by %.2g of the predictions", task, off/size)
		}
	}
}

// The model ends at the round with the least loss on valid, and says so.
func TestEarlyStopping(t *testing.T) {
	train, valid := halves(taskData(1500, 14, learn.Binary))
	b := Boost{Rounds: 400, LearningRate: 0.3, Leaves: 31, Patience: 15}
	m := fitted(t, b, train, &valid, 1)
	curve := m.Report.Valid
	if len(curve) >= b.Rounds || len(curve) != m.Report.Best+b.Patience {
		t.Fatalf("stopped after %d rounds, the best being %d", len(curve), m.Report.Best)
	}
	if m.Rounds() != m.Report.Best {
		t.Errorf("the model has %d rounds, the best is %d", m.Rounds(), m.Report.Best)
	}
	for i, v := range curve {
		if v < curve[m.Report.Best-1] {
			t.Errorf("round %d has loss %g, the best %g", i+1, v, curve[m.Report.Best-1])
		}
	}
	loss := 0.0
	for i, p := range predicted(t, m, valid.Table, valid.Rows) {
		loss -= math.Log(math.Abs(1-valid.Target[valid.Rows[i]]-p)) / float64(valid.N())
	}
	if want := curve[m.Report.Best-1]; math.Abs(loss-want) > 1e-9 {
		t.Errorf("loss of the predictions is %g, reported %g", loss, want)
	}
	if first, last := m.Report.Train[0], m.Report.Train[len(curve)-1]; !(last < first) {
		t.Errorf("loss on train went from %g to %g", first, last)
	}
}

// Little memory for histograms costs time and nothing else.
func TestShortOfMemory(t *testing.T) {
	d := taskData(3000, 15, learn.Binary)
	b := Boost{Rounds: 4, Leaves: 60}
	var want []byte
	for _, most := range []int{1000, 12} {
		f := fitOf(t, b, d, nil)
		f.trees, f.rounds = nil, 0
		clear(f.goal.score[0])
		f.grower.store.most = most
		if err := f.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f.grower.store.lent != 0 {
			t.Errorf("%d histograms were not given back", f.grower.store.lent)
		}
		got, err := f.finish().MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Error("another model with few histograms")
		}
	}
}

// Every setting out of its range is a problem that names it.
func TestSettingsOutOfRange(t *testing.T) {
	d := taskData(100, 16, learn.Regression)
	for _, c := range []struct{ settings, where string }{
		{`{"rounds": -1}`, "rounds"},
		{`{"learning_rate": 2}`, "learning_rate"},
		{`{"leaves": 1}`, "leaves"},
		{`{"bins": 256}`, "bins"},
		{`{"symmetric": 9}`, "symmetric"},
		{`{"noise": 1}`, "noise"},
		{`{"row_fraction": -0.5}`, "row_fraction"},
		{`{"quantile": 1}`, "quantile"},
		{`{"l2": -1}`, "l2"},
		{`{"loss": "hinge"}`, "loss"},
		{`{"monotone": {"small": 1}}`, "monotone.small"},
		{`{"monotone": {"a": 2}}`, "monotone.a"},
		{`{"category": {"set_levels": 1000}}`, "category.set_levels"},
		{`{"category": {"set_chance": -1}}`, "category.set_chance"},
	} {
		var b Boost
		if err := json.Unmarshal([]byte(c.settings), &b); err != nil {
			t.Fatal(err)
		}
		_, err := b.Fit(t.Context(), d, nil, learn.Options{Threads: 1})
		if p := problem.As(err); p == nil || p.Where != Name+"."+c.where {
			t.Errorf("%s: got %v", c.settings, err)
		}
	}
}

// Data that cannot be learned from gives an error.
func TestUnlearnable(t *testing.T) {
	good := taskData(50, 17, learn.Binary)
	for name, spoil := range map[string]func(d *learn.Data){
		"no rows":         func(d *learn.Data) { d.Rows = []int32{} },
		"one class":       func(d *learn.Data) { d.Target = make([]float64, 50) },
		"NaN target":      func(d *learn.Data) { d.Target = append([]float64{math.NaN()}, d.Target[1:]...) },
		"third class":     func(d *learn.Data) { d.Target = append([]float64{2}, d.Target[1:]...) },
		"negative weight": func(d *learn.Data) { d.Weight = append([]float64{-1}, d.Target[1:]...) },
		"no weight":       func(d *learn.Data) { d.Weight = make([]float64, 50) },
		"unknown task":    func(d *learn.Data) { d.Task = "ranking" },
	} {
		d := good
		spoil(&d)
		if _, err := (Boost{}).Fit(t.Context(), d, nil, learn.Options{Threads: 1}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Boost{}).Fit(ctx, good, nil, learn.Options{Threads: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled fit: %v", err)
	}
}

// A level's own target is not in what its row is learned from: a column of
// pairs of rows, without any signal, must not be believed.
func TestTargetStatisticsDoNotLeak(t *testing.T) {
	d := taskData(4000, 18, learn.Binary)
	noise := d.Table.Columns[5]
	noise.Code = make([]int32, d.Table.Rows)
	noise.Levels = make([]string, d.Table.Rows/2+3)
	for i := range noise.Code {
		noise.Code[i] = int32(i/6*3 + i%3) // pairs i, i+3: one part is train, or valid
	}
	d.Table.Columns[5] = noise
	train, valid := halves(d)
	b := Defaults()
	b.Rounds, b.Category.TargetsOnly = 100, true
	with := fitted(t, b, train, &valid, 1).Report
	d.Table.Columns[5].Code = make([]int32, d.Table.Rows)
	without := fitted(t, b, train, &valid, 1).Report
	if a, b := with.Valid[with.Best-1], without.Valid[without.Best-1]; a > b+0.01 {
		t.Errorf("loss %g with a column of noise, %g without", a, b)
	}
}

// Splits by a column of many levels without meaning do less harm once their
// luck is taken off.
func TestSetChanceAgainstNoise(t *testing.T) {
	d := taskData(3000, 21, learn.Binary)
	for i := range d.Table.Columns[5].Code {
		d.Table.Columns[5].Code[i] = int32(portable.Mix(uint64(i)) % 100)
	}
	train, valid := halves(d)
	loss := func(levels int, chance float64) float64 {
		for i, c := range d.Table.Columns[5].Code {
			d.Table.Columns[5].Code[i] = c % int32(levels)
		}
		b := onlySets(Defaults())
		b.Rounds, b.Category.SetChance = 200, chance
		r := fitted(t, b, train, &valid, 2).Report
		return r.Valid[r.Best-1]
	}
	without, with, constant := loss(100, 0), loss(100, 1), loss(1, 0)
	t.Logf("loss %.4f, luck taken off %.4f, without the column %.4f", without, with, constant)
	if !(with-constant < (without-constant)/2) {
		t.Errorf("loss %.4f, luck taken off %.4f, without the column %.4f", without, with, constant)
	}
}
