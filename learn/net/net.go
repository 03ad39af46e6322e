// Package net is small multilayer perceptrons for tables: nets of one to four
// hidden layers that see numbers by where they lie among their quantiles, and
// categories by a row of weights for each.
//
// encode.go makes of a row of the table a few switched-on rows of the first
// layer, network.go is the weights and what they give, kernel.go the loops
// that take the time, loss.go what is learned from, train.go the learning,
// choose.go what is kept, model.go predicts, codec.go writes and reads.
//
// A net is fitted on one goroutine, with every sum in a fixed order and every
// product rounded before it is added, in float32: the same bits on every
// processor. What the fit costs depends on the shape of the table only.
//
// Sources: Gorishniy, Rubachev & Babenko 2022, On embeddings for numerical
// features in tabular deep learning (piecewise linear numbers); Holzmüller,
// Grinsztajn & Steinwart 2024, Better by default: strong pre-tuned MLPs and
// boosted trees on tabular data (scaling, schedule, best epoch); Gorishniy,
// Kotelnikov & Babenko 2024, TabM (the mean of several nets); Loshchilov &
// Hutter 2019, Decoupled weight decay regularization (AdamW).
package net

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
)

// Learner is the settings. Its zero value is the place to start.
type Learner struct {
	Width  int     `json:"width"`  // units of a hidden layer. 0: 64
	Hidden int     `json:"hidden"` // hidden layers, at most 4. 0: 2
	Nets   int     `json:"nets"`   // how many are averaged; valid may leave one. 0: 2
	Bins   int     `json:"bins"`   // pieces of a number's line. 0: rows / 400, 8 to 24, for regression 32; negative: a straight line
	Epochs int     `json:"epochs"` // times that every row is seen. 0: 2,000 / √rows, 12 to 40
	Batch  int     `json:"batch"`  // rows of a step. 0: 32 to 256, by the rows
	Rate   float64 `json:"rate"`   // learning rate. 0: 0.005

	// What restrains the first net; number has the others.
	Dropout float64 `json:"dropout"` // chance of a hidden unit to be left out in a step. 0: 0.1, for regression none; negative: none
	Decay   float64 `json:"decay"`   // part of a weight that is lost in a step, as a multiple of the rate. 0: 1, for regression 0.3; negative: none
}

// Bounds of the settings, and of a weight that is read.
const (
	mostWidth  = 1024
	mostHidden = 4
	mostWeight = 1e6
)

// Name is "neural_net".
func (Learner) Name() string { return "neural_net" }

// Fit is learn.Learner's.
func (l Learner) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	m, err := l.fit(ctx, &train, valid, opt)
	if err != nil {
		return nil, fmt.Errorf("fit neural net on %d rows: %w", train.N(), err)
	}
	return m, nil
}

func (l Learner) fit(ctx context.Context, train, valid *learn.Data, opt learn.Options) (*Model, error) {
	l = l.filled(train.Task)
	if err := l.check(); err != nil {
		return nil, err
	}
	if err := train.Check(); err != nil {
		return nil, err
	}
	threads := max(opt.Threads, 1)
	t := newTargets(train)
	m := &Model{task: train.Task, classes: train.Classes, offset: t.offset, scale: t.scale, low: t.low, high: t.high}
	var err error
	if m.columns, err = fitColumns(ctx, train, t, l.bins(train.Task, len(t.rows)), threads); err != nil {
		return nil, err
	}
	m.shape = shape{width: l.Width, hidden: l.Hidden, outputs: m.Width()}
	for j := range m.columns {
		m.shape.rows += m.columns[j].rows()
	}
	if t.x, err = m.encode(ctx, train.Table, t.rows, threads); err != nil {
		return nil, err
	}
	var check *targets
	if valid != nil && valid.N() > 0 {
		if check = t.others(valid); len(check.rows) == 0 {
			check = nil
		} else if check.x, err = m.encode(ctx, valid.Table, check.rows, threads); err != nil {
			return nil, err
		}
	}
	m.nets = make([]network, l.Nets)
	errs := make([]error, l.Nets)
	err = learn.Blocks(ctx, l.Nets, 1, threads, func(i, _ int) {
		one := l
		if check != nil {
			one = l.number(i)
		}
		m.nets[i], errs[i] = one.train(ctx, m, t, check, opt.Seed, i)
	})
	if err = cmp.Or(err, errors.Join(errs...)); err != nil {
		return nil, err
	}
	if check != nil {
		m.choose(check)
	}
	return m, nil
}

// number is the settings of the i-th net where there are rows to choose by.
// Each is under less restraint than the one before it: how much suits a table
// depends on its noise.
func (l Learner) number(i int) Learner {
	l.Decay /= math.Pow(3, float64(i))
	l.Dropout = min(l.Dropout*float64(i+1), 0.5)
	return l
}

// filled has every zero that means a default replaced by it. Values are told
// more finely than classes, and so can be learned with less restraint.
func (l Learner) filled(task learn.Task) Learner {
	dropout, decay := 0.1, 1.0
	if task == learn.Regression {
		dropout, decay = 0, 0.3
	}
	l.Width = cmp.Or(l.Width, 64)
	l.Hidden = cmp.Or(l.Hidden, 2)
	l.Nets = cmp.Or(l.Nets, 2)
	l.Rate = cmp.Or(l.Rate, 0.005)
	l.Dropout = cmp.Or(l.Dropout, dropout)
	l.Decay = cmp.Or(l.Decay, decay)
	l.Dropout, l.Decay = max(l.Dropout, 0), max(l.Decay, 0)
	return l
}

func (l Learner) check() error {
	if l.Width < 1 || l.Width > mostWidth || l.Hidden < 1 || l.Hidden > mostHidden || l.Nets < 1 || l.Nets > 64 || l.Bins > 256 {
		return fmt.Errorf("width %d, hidden %d, nets %d, bins %d: out of range", l.Width, l.Hidden, l.Nets, l.Bins)
	}
	if l.Epochs < 0 || l.Epochs > 10000 || l.Batch < 0 || !(l.Rate > 0 && l.Rate <= 1) || !(l.Dropout <= 0.5) || !(l.Decay <= 100) {
		return fmt.Errorf("epochs %d, batch %d, rate %v, dropout %v, decay %v: out of range", l.Epochs, l.Batch, l.Rate, l.Dropout, l.Decay)
	}
	return nil
}

// bins is the pieces of a number's line. Classes are little to learn from, so
// that on few rows of them a line of many pieces learns the noise.
func (l Learner) bins(task learn.Task, rows int) int {
	switch {
	case l.Bins != 0:
		return max(l.Bins, 0)
	case task == learn.Regression:
		return 32
	}
	return min(max(rows/400, 8), 24)
}

// batch is the rows of a step: few for small tables, which need the steps.
func (l Learner) batch(rows int) int {
	if l.Batch > 0 {
		return l.Batch
	}
	switch {
	case rows < 2_000:
		return 32
	case rows < 10_000:
		return 64
	case rows < 30_000:
		return 128
	}
	return 256
}

// epochs is how often every row is seen.
func (l Learner) epochs(rows int) int {
	if l.Epochs > 0 {
		return l.Epochs
	}
	return min(max(int(math.Round(2000/math.Sqrt(float64(rows)))), 12), 40)
}
