// Package screen leaves out columns that help nothing: before a learner is
// fitted, each column has to show, on rows that were not learned from, that
// mixing it up makes the predictions worse.
//
// The rows are dealt into two halves. A judge is fitted on each and predicts
// the other, as it is and with one column after another mixed up. A column
// stays whose mean rise of the loss is above its standard error, so that one
// column of noise in six does, and nearly all that help. Nothing but the rows
// of the fit is looked at: what is predicted of others stays honest.
//
// Sources: Breiman 2001, Random forests (permutation importance); Altmann et
// al. 2010, Permutation importance: a corrected feature importance measure.
package screen

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/table"
)

// Learner fits another learner on the columns that help. It has that learner's
// name, and its models are that learner's.
type Learner struct {
	Of    learn.Learner // to which a number that is the same in all rows says nothing of later ones: trees and nets
	Judge learn.Learner // fitted twice, so better fast than best
}

// Name is that of the learner behind it.
func (l Learner) Name() string { return l.Of.Name() }

// MarshalJSON is the settings of both learners.
func (l Learner) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Settings learn.Learner `json:"settings"`
		Judge    learn.Learner `json:"columns_judged_by"`
	}{l.Of, l.Judge})
}

// Fit is learn.Learner's.
func (l Learner) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	helps, err := l.helpful(ctx, train, opt)
	if err != nil {
		return nil, fmt.Errorf("screen columns on %d rows: %w", train.N(), err)
	}
	train.Table = without(train.Table, helps)
	if valid != nil {
		v := *valid
		v.Table = train.Table
		valid = &v
	}
	return l.Of.Fit(ctx, train, valid, opt)
}

// without is a table in which columns that do not help are numbers of one
// value.
func without(t *table.Table, helps []bool) *table.Table {
	out := &table.Table{Rows: t.Rows, Columns: slices.Clone(t.Columns)}
	same := make([]float64, t.Rows)
	for j, c := range t.Columns {
		if !helps[j] {
			out.Columns[j] = table.Column{Name: c.Name, Kind: table.Number, Number: same}
		}
	}
	return out
}

// halfRows is how many rows of a half are looked at at most.
const halfRows = 10_000

// helpful tells of each column whether it stays; all do where a half of the
// rows cannot be learned from, and where none would.
func (l Learner) helpful(ctx context.Context, train learn.Data, opt learn.Options) ([]bool, error) {
	all := make([]bool, len(train.Table.Columns))
	for j := range all {
		all[j] = true
	}
	halves := deal(train, opt.Seed)
	if halves[0].Check() != nil || halves[1].Check() != nil {
		return all, nil
	}
	rises := make([]rise, len(all))
	for h := range halves {
		fitted, asked := halves[h], halves[1-h]
		m, err := l.Judge.Fit(ctx, fitted, &asked, opt)
		if err != nil {
			return nil, err
		}
		if err := measure(ctx, m, asked, opt, rises); err != nil {
			return nil, err
		}
	}
	helps, some := make([]bool, len(all)), false
	for j, r := range rises {
		helps[j] = r.isSure()
		some = some || helps[j]
	}
	if !some {
		return all, nil
	}
	return helps, nil
}

// deal divides the rows of the fit that have weight into two halves, by chance
// that depends on the seed and the place among them.
func deal(train learn.Data, seed uint64) [2]learn.Data {
	rows := [2][]int32{{}, {}} // nil would be all rows
	n := uint64(0)
	for i := range train.N() {
		row := train.Row(i)
		if train.WeightOf(row) <= 0 {
			continue
		}
		if h := portable.Draw(seed, n) & 1; len(rows[h]) < halfRows {
			rows[h] = append(rows[h], int32(row))
		}
		n++
	}
	halves := [2]learn.Data{train, train}
	for h := range halves {
		halves[h].Rows = rows[h]
	}
	return halves
}

// rise is the sum over rows of the loss that mixing up a column adds, and that
// of its squares.
type rise struct{ sum, squares float64 }

func (r *rise) add(weight, by float64) {
	by = float64(weight * by)
	r.sum += by
	r.squares += float64(by * by)
}

// isSure tells whether the mean is above its standard error about 0.
func (r *rise) isSure() bool { return r.sum > 0 && float64(r.sum*r.sum) > r.squares }

// measure adds what mixing up each column adds to the loss on the rows of d.
func measure(ctx context.Context, m learn.Model, d learn.Data, opt learn.Options, rises []rise) error {
	n, columns, width := len(d.Rows), len(rises), m.Width()
	x := make([]float64, n*columns)
	d.Table.Gather(x, d.Rows)
	plain, mixed := make([]float64, n*width), make([]float64, n*width)
	if err := predict(ctx, m, x, plain, opt.Threads); err != nil {
		return err
	}
	order, kept := mix(n, opt.Seed), make([]float64, n)
	for j := range columns {
		for i := range n {
			kept[i] = x[i*columns+j]
		}
		for i, from := range order {
			x[i*columns+j] = kept[from]
		}
		if err := predict(ctx, m, x, mixed, opt.Threads); err != nil {
			return err
		}
		for i, row := range d.Rows {
			y, at := d.Target[row], i*width
			if width > 1 {
				at += int(y)
			}
			rises[j].add(d.WeightOf(int(row)), learn.Loss(d.Task, mixed[at], y)-learn.Loss(d.Task, plain[at], y))
			x[i*columns+j] = kept[i]
		}
	}
	return nil
}

func predict(ctx context.Context, m learn.Model, x, out []float64, threads int) error {
	width := m.Width()
	n := len(out) / width
	columns := len(x) / max(n, 1)
	return learn.Blocks(ctx, n, 256, max(threads, 1), func(lo, hi int) {
		m.Predict(x[lo*columns:hi*columns], out[lo*width:hi*width])
	})
}

// mix is the numbers 0 to n - 1 in an order by chance.
func mix(n int, seed uint64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := int(portable.Draw(^seed, uint64(i)) % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}
