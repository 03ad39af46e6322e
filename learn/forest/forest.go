// Package forest is the mean of many trees that differ by chance: random
// forests (each tree on its own sample of the rows, the best of a few columns
// at every node) and extremely randomised trees (a cut drawn at random in each
// of a few columns, the best of them taken).
//
// bin.go makes a byte of every value, grow.go grows a tree on them, model.go
// predicts, codec.go writes and reads. Trees are kept small, by a limit on
// their leaves: as members of an ensemble they are there to be different, and
// a file holds many of them.
//
// Sources: Breiman 2001, Random forests, Machine Learning 45; Geurts, Ernst &
// Wehenkel 2006, Extremely randomized trees, Machine Learning 63.
package forest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/septet-ml/septet/learn"
)

// Learner is the settings. Its zero value is a random forest.
type Learner struct {
	Trees   int     `json:"trees"`    // 0: 60
	Leaves  int     `json:"leaves"`   // of a tree at most. 0: 400
	MinRows int     `json:"min_rows"` // weight of a leaf at least. 0: 3, for regression 5
	Columns float64 `json:"columns"`  // part of the columns to look at in a node. 0: √columns of them, for regression a third
	Extra   bool    `json:"extra"`    // extremely randomised trees: random cuts, all rows
}

// Name is "forest".
func (Learner) Name() string { return "forest" }

// Fit is learn.Learner's; valid is not looked at. Beside the table it takes a
// byte per value and some 20 bytes per row and thread.
func (l Learner) Fit(ctx context.Context, train learn.Data, _ *learn.Data, opt learn.Options) (learn.Model, error) {
	m, err := l.fit(ctx, &train, opt)
	if err != nil {
		return nil, fmt.Errorf("fit forest on %d rows: %w", train.N(), err)
	}
	return m, nil
}

func (l Learner) fit(ctx context.Context, train *learn.Data, opt learn.Options) (*Model, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if err := train.Check(); err != nil {
		return nil, err
	}
	threads := max(opt.Threads, 1)
	t := newTargets(train)
	m := &Model{task: train.Task, classes: train.Classes, offset: t.offset, scale: t.scale}
	codes, err := m.bin(ctx, train, t, threads)
	if err != nil {
		return nil, err
	}
	m.trees = make([]tree, l.trees())
	err = learn.Blocks(ctx, len(m.trees), 1, threads, func(i, _ int) {
		g := grower{
			codes: codes, targets: t, random: rand.New(rand.NewPCG(opt.Seed, uint64(i))), extra: l.Extra,
			leaves: l.leaves(), least: l.minRows(train.Task), look: l.look(train.Task, len(codes)),
		}
		m.trees[i] = g.grow()
	})
	return m, err
}

func (l Learner) trees() int {
	if l.Trees == 0 {
		return 60
	}
	return l.Trees
}

func (l Learner) leaves() int {
	if l.Leaves == 0 {
		return 400
	}
	return l.Leaves
}

func (l Learner) minRows(task learn.Task) float64 {
	switch {
	case l.MinRows > 0:
		return float64(l.MinRows)
	case task == learn.Regression:
		return 5
	}
	return 3
}

// look is the number of columns to look at in a node.
func (l Learner) look(task learn.Task, columns int) int {
	n := math.Sqrt(float64(columns))
	switch {
	case l.Columns > 0:
		n = l.Columns * float64(columns)
	case task == learn.Regression:
		n = float64(columns) / 3
	}
	return min(max(int(math.Ceil(n)), 1), columns)
}

func (l Learner) check() error {
	if l.Trees < 0 || l.Trees > 10000 || l.Leaves < 0 || l.Leaves > 30000 || l.Leaves == 1 || l.MinRows < 0 || !(l.Columns >= 0 && l.Columns <= 1) {
		return fmt.Errorf("trees %d, leaves %d, min_rows %d, columns %v: out of range", l.Trees, l.Leaves, l.MinRows, l.Columns)
	}
	return nil
}

// targets is the rows to learn from, those with a weight, and what trees make
// sums of: for each row one value (regression: standardised; binary: the
// class) or the class as an index.
type targets struct {
	rows   []int32   // row numbers of the table
	weight []float64 // of each of rows
	value  []float64 // of each of rows
	sums   int       // values of a leaf: 1, or the number of classes
	total  float64   // sum of weight

	offset, scale float64 // target = offset + scale × value
}

func newTargets(d *learn.Data) *targets {
	t := &targets{sums: 1, scale: 1}
	if d.Task == learn.Multiclass {
		t.sums = d.Classes
	}
	largest := 0.0
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		if w == 0 {
			continue
		}
		t.rows = append(t.rows, int32(r))
		t.weight = append(t.weight, w)
		t.value = append(t.value, d.Target[r])
		t.total += w
		largest = max(largest, math.Abs(d.Target[r]))
	}
	if d.Task == learn.Regression {
		t.standardise(max(largest, math.SmallestNonzeroFloat64))
	}
	return t
}

// standardise makes values of mean 0 and variance 1, by way of -1..1 so that
// nothing overflows.
func (t *targets) standardise(largest float64) {
	mean, square := 0.0, 0.0
	for i, y := range t.value {
		mean += float64(t.weight[i]*(y/largest)) / t.total
	}
	for i, y := range t.value {
		e := y/largest - mean
		square += float64(t.weight[i]*float64(e*e)) / t.total
	}
	deviation := math.Sqrt(square)
	for i, y := range t.value {
		if t.value[i] = 0; deviation > 1e-15 {
			t.value[i] = (y/largest - mean) / deviation
		}
	}
	t.offset, t.scale = mean*largest, deviation*largest
}
