package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/table"
)

// Rule is the rule of thumb: the one column that by itself, cut into at most
// four groups, predicts best. It has no settings.
//
// The column is the one whose groups, made on one half of the training rows
// (at most 20,000 are looked at), lose least on the other half, both ways.
type Rule struct{}

// Name is "rule".
func (Rule) Name() string { return "rule" }

const (
	groups   = 4     // most groups, missing values included
	examined = 20000 // most rows that the choice of the column looks at
)

// Fit is learn.Learner's.
func (Rule) Fit(ctx context.Context, train learn.Data, _ *learn.Data, opt learn.Options) (learn.Model, error) {
	if err := train.Check(); err != nil {
		return nil, fmt.Errorf("fit rule on %d rows: %w", train.N(), err)
	}
	t := newTargets(&train)
	var rows []int32 // positions of those with a weight
	for i := range train.N() {
		if t.weight(i) > 0 {
			rows = append(rows, int32(i))
		}
	}
	column, err := t.choose(ctx, rows, max(opt.Threads, 1))
	if err != nil {
		return nil, fmt.Errorf("fit rule on %d rows: %w", train.N(), err)
	}
	m := t.group(column, rows)
	m.Format, m.Columns = ruleFormat, len(train.Table.Columns)
	return m, nil
}

// choose is the number of the best column; -1 where none is better than none.
func (t *targets) choose(ctx context.Context, rows []int32, threads int) (int, error) {
	var half [2][]int32
	for i := 0; i < len(rows); i += max(1, len(rows)/examined) {
		side := int(portable.Mix(uint64(i)) & 1)
		half[side] = append(half[side], rows[i])
	}
	loss := func(column int) float64 {
		return t.loss(t.group(column, half[0]), half[1]) + t.loss(t.group(column, half[1]), half[0])
	}
	if len(half[0]) == 0 || len(half[1]) == 0 {
		return -1, ctx.Err()
	}
	losses := make([]float64, len(t.data.Table.Columns))
	err := learn.Blocks(ctx, len(losses), 1, threads, func(c, _ int) { losses[c] = loss(c) })
	best, least := -1, loss(-1)
	for c, l := range losses {
		if l < least {
			best, least = c, l
		}
	}
	return best, err
}

// Thumb is the model of a Rule. A row falls in one group by its value in one
// column; each group has one prediction.
type Thumb struct {
	Format  string      `json:"format"`  // "rule/1"
	Columns int         `json:"columns"` // of the table
	Column  int         `json:"column"`  // the one that is looked at; -1 is none
	Cuts    []float64   `json:"cuts"`    // numbers: x is in the group of the number of cuts <= x
	Codes   []int32     `json:"codes"`   // categories, rising
	Group   []int32     `json:"group"`   // of each of Codes
	Text    bool        `json:"text"`    // the column is of categories
	Other   int32       `json:"other"`   // the group of other codes
	Absent  int32       `json:"absent"`  // the group of missing values
	Value   [][]float64 `json:"value"`   // prediction of each group; the last one is that of all rows
}

const ruleFormat = "rule/1"

// Name is "rule".
func (m *Thumb) Name() string { return Rule{}.Name() }

// Width is the number of values that Predict writes for a row.
func (m *Thumb) Width() int { return len(m.Value[0]) }

// Predict is learn.Model's.
func (m *Thumb) Predict(x, out []float64) {
	width := m.Width()
	for i := range len(out) / width {
		group := len(m.Value) - 1
		if m.Column >= 0 {
			group = m.groupOf(x[i*m.Columns+m.Column])
		}
		copy(out[i*width:(i+1)*width], m.Value[group])
	}
}

// groupOf is the group of a value of the column.
func (m *Thumb) groupOf(x float64) int {
	switch {
	case math.IsNaN(x):
		return int(m.Absent)
	case m.Text:
		if x >= 0 && x <= math.MaxInt32 {
			if i, ok := slices.BinarySearch(m.Codes, int32(x)); ok {
				return int(m.Group[i])
			}
		}
		return int(m.Other)
	}
	n := 0
	for n < len(m.Cuts) && m.Cuts[n] <= x {
		n++
	}
	return n
}

// MarshalBinary is the model as JSON.
func (m *Thumb) MarshalBinary() ([]byte, error) { return json.Marshal(m) }

func (m *Thumb) check() error {
	if len(m.Value) == 0 || len(m.Value[0]) == 0 || slices.ContainsFunc(m.Value, func(v []float64) bool { return len(v) != len(m.Value[0]) }) {
		return errors.New("predictions of no or of several widths")
	}
	bad := func(g int32) bool { return g < 0 || int(g) >= len(m.Value) }
	if m.Column < -1 || m.Column >= m.Columns || m.Columns > 1<<20 || len(m.Cuts) >= len(m.Value) || len(m.Codes) != len(m.Group) ||
		!slices.IsSorted(m.Codes) || bad(m.Other) || bad(m.Absent) || slices.ContainsFunc(m.Group, bad) {
		return errors.New("groups out of range")
	}
	return nil
}

// Words is the rule in words, with the names of the columns and the levels of
// the table that it was fitted on, and of the classes (nil: their numbers):
//
//	Contract: Month-to-month → 0.43; One year, Two year → 0.07
//
// For binary the number is the probability of class 1; for multiclass the most
// probable class and its probability; for regression the value.
func (m *Thumb) Words(columns []table.Column, classes []string) string {
	if m.Column < 0 {
		return "always → " + m.say(len(m.Value)-1, classes)
	}
	c := &columns[m.Column]
	var parts []string
	for g := range len(m.Value) - 1 {
		var who []string
		if m.Text {
			who = m.levels(c, g)
		} else if g <= len(m.Cuts) {
			who = []string{m.interval(g)}
		}
		if int(m.Absent) == g {
			who = append(who, "missing")
		}
		parts = append(parts, strings.Join(who, ", ")+" → "+m.say(g, classes))
	}
	return c.Name + ": " + strings.Join(parts, "; ")
}

// say is a group's prediction.
func (m *Thumb) say(group int, classes []string) string {
	v := m.Value[group]
	if len(v) == 1 {
		return fmt.Sprintf("%.4g", v[0])
	}
	best := 0
	for k := range v {
		if v[k] > v[best] {
			best = k
		}
	}
	name := fmt.Sprintf("class %d", best)
	if best < len(classes) {
		name = classes[best]
	}
	return fmt.Sprintf("%s (%.2f)", name, v[best])
}

// interval is the numbers of a group.
func (m *Thumb) interval(g int) string {
	switch {
	case len(m.Cuts) == 0:
		return "any number"
	case g == 0:
		return fmt.Sprintf("below %.6g", m.Cuts[0])
	case g == len(m.Cuts):
		return fmt.Sprintf("from %.6g", m.Cuts[g-1])
	}
	return fmt.Sprintf("%.6g to %.6g", m.Cuts[g-1], m.Cuts[g])
}

// levels is the names of a group's categories, the first five.
func (m *Thumb) levels(c *table.Column, g int) []string {
	var out []string
	n := 0
	for i, code := range m.Codes {
		if int(m.Group[i]) != g {
			continue
		}
		if n++; n <= 5 && int(code) < len(c.Levels) {
			out = append(out, c.Levels[code])
		}
	}
	if n > 5 {
		out = append(out, fmt.Sprintf("%d more", n-5))
	}
	if int(m.Other) == g {
		out = append(out, "other")
	}
	return out
}
