// Package baseline is the simple predictions that every learner is held
// against: Dummy knows only the answer's mean, Rule one column.
package baseline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
)

// Dummy predicts the shares of the classes, or the mean.
type Dummy struct{}

// Name is "dummy".
func (Dummy) Name() string { return "dummy" }

// Fit takes the weighted mean of the target.
func (Dummy) Fit(ctx context.Context, train learn.Data, _ *learn.Data, _ learn.Options) (learn.Model, error) {
	if err := cmp.Or(ctx.Err(), train.Check()); err != nil {
		return nil, fmt.Errorf("fit dummy: %w", err)
	}
	return &Model{Family: "dummy", Leaves: [][]float64{mean(&train, func(int) int { return 0 }, 1, nil)[0]}}, nil
}

// Model is the fitted state of both learners: a leaf for each range of one
// column. It is written as JSON.
type Model struct {
	Family string `json:"family"` // "dummy" or "rule"
	Column int    `json:"column"` // that is looked at; 0 where there is one leaf

	// Number columns: leaf i is for values up to Cuts[i], the last leaf but
	// one for those above all cuts, the last for missing ones.
	Cuts []float64 `json:"cuts,omitempty"`

	// Text columns: the leaf of each code; other codes are in Other, missing
	// ones in the last leaf.
	Level map[int32]int `json:"level,omitempty"`
	Other int           `json:"other,omitempty"`

	// Leaves have the prediction, Width values each.
	Leaves [][]float64 `json:"leaves"`

	ColumnName string `json:"column_name,omitempty"`
	Words      string `json:"words,omitempty"` // the rule as a person reads it
}

// Name is that of the learner.
func (m *Model) Name() string { return m.Family }

// Width is the number of values a row.
func (m *Model) Width() int { return len(m.Leaves[0]) }

// Rule is the model in words; "" for a dummy.
func (m *Model) Rule() string { return m.Words }

// Predict looks each row's leaf up.
func (m *Model) Predict(x, out []float64) {
	width := m.Width()
	rows := len(out) / width
	columns := 0
	if rows > 0 {
		columns = len(x) / rows
	}
	for i := range rows {
		leaf := 0
		if len(m.Leaves) > 1 && m.Column < columns {
			leaf = m.leaf(x[i*columns+m.Column])
		}
		copy(out[i*width:], m.Leaves[leaf])
	}
}

func (m *Model) leaf(v float64) int {
	switch {
	case math.IsNaN(v):
		return len(m.Leaves) - 1
	case m.Level != nil:
		if leaf, known := m.Level[int32(v)]; known {
			return leaf
		}
		return m.Other
	}
	for i, cut := range m.Cuts {
		if v <= cut {
			return i
		}
	}
	return len(m.Cuts)
}

// MarshalBinary is JSON.
func (m *Model) MarshalBinary() ([]byte, error) { return json.Marshal(m) }

// Decode reads what MarshalBinary wrote; damaged bytes give an error.
func Decode(data []byte) (learn.Model, error) {
	var m Model
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	return &m, nil
}

func (m *Model) check() error {
	if m.Family != "dummy" && m.Family != "rule" {
		return fmt.Errorf("no family %q", m.Family)
	}
	if len(m.Leaves) == 0 || len(m.Leaves[0]) == 0 || m.Column < 0 {
		return fmt.Errorf("no leaves")
	}
	for _, leaf := range m.Leaves {
		if len(leaf) != len(m.Leaves[0]) {
			return fmt.Errorf("leaves of different widths")
		}
	}
	inside := func(leaf int) bool { return leaf >= 0 && leaf < len(m.Leaves) }
	if !inside(m.Other) || !inside(len(m.Cuts)) {
		return fmt.Errorf("a leaf that is not there")
	}
	for _, leaf := range m.Level {
		if !inside(leaf) {
			return fmt.Errorf("a leaf that is not there")
		}
	}
	return nil
}

// mean is the prediction of each of n groups of rows: the shares of the
// classes, or the mean, drawn a little to prior (nil: not at all). A group
// without weight gets prior.
func mean(d *learn.Data, group func(row int) int, n int, prior []float64) [][]float64 {
	width := 1
	if d.Task == learn.Multiclass {
		width = d.Classes
	}
	sums := make([][]float64, n)
	for g := range sums {
		sums[g] = make([]float64, width)
	}
	totals := make([]float64, n)
	for i := range d.N() {
		row := d.Row(i)
		w := weight(d, row)
		g := group(row)
		totals[g] += w
		if width > 1 {
			sums[g][int(d.Target[row])] += w
		} else {
			sums[g][0] += float64(w * d.Target[row])
		}
	}
	for g := range sums {
		for k := range sums[g] {
			switch {
			case prior != nil:
				sums[g][k] = (sums[g][k] + float64(pull*prior[k])) / (totals[g] + pull)
			case totals[g] > 0:
				sums[g][k] /= totals[g]
			}
		}
	}
	return sums
}

// pull is the weight in rows of the prior in a leaf.
const pull = 2

func weight(d *learn.Data, row int) float64 {
	if d.Weight == nil {
		return 1
	}
	return d.Weight[row]
}
