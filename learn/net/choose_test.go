package net

import (
	"math"
	"slices"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// rule is a table of three columns of four levels, whose answer is whether
// two of them are the same, and rows to learn from and to stop by.
func rule(t *testing.T) (x *table.Table, train, valid learn.Data) {
	t.Helper()
	const n = 900
	x = &table.Table{Rows: n}
	for range 3 {
		x.Columns = append(x.Columns, table.Column{Kind: table.Text, Code: make([]int32, n), Levels: []string{"a", "b", "c", "d"}})
	}
	y := make([]float64, n)
	seed := uint32(7)
	for i := range n {
		for j := range x.Columns {
			seed = seed*1664525 + 1013904223
			x.Columns[j].Code[i] = int32(seed >> 30)
		}
		if x.Columns[0].Code[i] == x.Columns[1].Code[i] {
			y[i] = 1
		}
	}
	train = learn.Data{Task: learn.Binary, Classes: 2, Table: x, Target: y}
	valid = train
	for i := range n {
		if i%3 > 0 {
			train.Rows = append(train.Rows, int32(i))
		} else {
			valid.Rows = append(valid.Rows, int32(i))
		}
	}
	return x, train, valid
}

// A table without noise is learned to near certainty, by one net if the mean
// is less sure.
func TestATableWithoutNoiseIsLearnedExactly(t *testing.T) {
	x, train, valid := rule(t)
	m, err := Learner{Width: 24}.Fit(t.Context(), train, &valid, learn.Options{Seed: 3, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	p, err := learn.PredictTable(t.Context(), m, x, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	loss := 0.0
	for i, y := range train.Target {
		loss -= math.Log(math.Abs(1-y-p[i])) / float64(len(p))
	}
	if !(loss < 0.02) {
		t.Errorf("log loss %.4f, want less than 0.02", loss)
	}
}

// choose keeps the mean, or the one net that is better than it.
func TestChooseKeepsTheBest(t *testing.T) {
	_, train, valid := rule(t)
	l := Learner{Width: 8, Epochs: 6}
	fitted, err := l.Fit(t.Context(), train, nil, learn.Options{Seed: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	m := fitted.(*Model)
	if len(m.nets) != 2 {
		t.Fatalf("%d nets without rows to choose by, want 2", len(m.nets))
	}
	targets := newTargets(&train).others(&valid)
	targets.x, _ = m.encode(t.Context(), valid.Table, targets.rows, 1)
	loss := func(nets ...network) float64 {
		one := *m
		one.nets = nets
		p, err := learn.PredictTable(t.Context(), &one, valid.Table, valid.Rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i := range p {
			sum += targets.miss(i, p[i:i+1])
		}
		return sum
	}
	worse := m.shape.lay(make([]float32, m.shape.size())) // says 0.5 to all
	for _, nets := range [][]network{{m.nets[0], worse}, {worse, m.nets[0]}, {m.nets[0], m.nets[0]}, {worse, worse}} {
		want := loss(nets...)
		for _, n := range nets {
			want = min(want, loss(n))
		}
		one := *m
		one.nets = nets
		one.choose(targets)
		if got := loss(one.nets...); got != want {
			t.Errorf("the loss of what is kept is %v, of the best %v", got, want)
		}
	}
}

// What training never turned on adds what its column adds on average.
func TestUnseenIsTheAverage(t *testing.T) {
	columns := []column{
		{text: true, levels: []int32{0, 1}}, // rows 0, 1, others 2, missing 3
		{first: 4},                          // scaled value 4, missing 5
	}
	n := shape{rows: 6, width: 1, hidden: 1, outputs: 1}.lay(make([]float32, 9))
	copy(n.first, []float32{4, 8, 0, 0, 10, 0})
	n.fillUnseen(columns, &coded{slots: 2, row: []int32{0, 4, 1, 4, 1, 4, 1, 4}, value: []float32{1, 0.5, 1, -0.25, 1, 0.25, 1, -0.25}})
	want := []float32{4, 8, 7, 7, 10, 0.625}
	if !slices.Equal(n.first, want) {
		t.Errorf("got %v, want %v", n.first, want)
	}
}
