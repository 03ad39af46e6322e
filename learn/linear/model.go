package linear

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/learn/wire"
)

// Model is a fitted linear model. Its JSON form is the file.
type Model struct {
	Format   string     `json:"format"` // "linear/1"
	Task     learn.Task `json:"task"`
	Classes  int        `json:"classes"`  // as learn.Data
	Columns  []Column   `json:"columns"`  // one per column of the table
	Dense    int        `json:"dense"`    // dense features
	Features int        `json:"features"` // dense features and switches

	// Pairs of columns: the last dense features and the last switches.
	Products []Product `json:"products,omitempty"`
	Crosses  []Cross   `json:"crosses,omitempty"`

	// Coefficients of one output lie together: one per feature, then the
	// intercept. There is one output, for multiclass one per present class.
	Coefficients []float64 `json:"coefficients"`

	// Shares are the parts of the training weight that had each switch on, for
	// explanations; none in a file of an older program.
	Shares []float64 `json:"shares,omitempty"`

	// Multiclass: the classes that had training rows, rising; each other class
	// has the probability Rest.
	Present []int   `json:"present,omitempty"`
	Rest    float64 `json:"rest,omitempty"`

	// Regression: prediction = Offset + Scale × output.
	Offset float64 `json:"offset,omitempty"`
	Scale  float64 `json:"scale,omitempty"`
}

const format = "linear/1"

// Name is "linear".
func (m *Model) Name() string { return Learner{}.Name() }

// Width is 1, or the number of classes of a multiclass model.
func (m *Model) Width() int {
	if m.Task == learn.Multiclass {
		return m.Classes
	}
	return 1
}

// outputs is the number of scores of a row.
func (m *Model) outputs() int {
	if m.Task == learn.Multiclass {
		return len(m.Present)
	}
	return 1
}

// Slots is the number of switches of a row: the columns that have any, and
// the crosses.
func (m *Model) Slots() int {
	n := len(m.Crosses)
	for i := range m.Columns {
		if m.Columns[i].switches() {
			n++
		}
	}
	return n
}

// slot is the switch that x turns on; -1 is none.
func (c *Column) slot(x float64) int {
	switch {
	case c.Number != nil:
		return c.Number.slot(x)
	case c.Text != nil:
		return c.Text.slot(x)
	}
	return -1
}

func (c *Column) switches() bool { return c.Text != nil || c.Number != nil && c.Number.Absent >= 0 }

// Encode writes the features of a row of the table: Dense values, and for each
// of the Slots columns and crosses the number of the feature that is on, -1
// for none.
func (m *Model) Encode(x, dense []float64, slot []int32) {
	s := 0
	for i := range m.Columns {
		c := &m.Columns[i]
		if c.Number != nil {
			c.Number.dense(x[i], dense[c.Number.First:c.Number.First+len(c.Number.Mean)])
		}
		if c.switches() {
			slot[s] = int32(c.slot(x[i]))
			s++
		}
	}
	m.multiply(dense)
	for i := range m.Crosses {
		c := &m.Crosses[i]
		slot[s+i] = int32(c.slot(x[c.A], x[c.B]))
	}
}

// target fits what is known of the targets alone.
func (m *Model) target(d *learn.Data) {
	var largest, total float64
	mass := make([]float64, d.Classes)
	each := func(f func(y, w float64)) {
		for i := range d.N() {
			r := d.Row(i)
			w := d.WeightOf(r)
			if w > 0 {
				f(d.Target[r], w)
			}
		}
	}
	each(func(y, w float64) {
		largest = max(largest, math.Abs(y))
		total += w
		if m.Task == learn.Multiclass {
			mass[int(y)] += w
		}
	})
	switch m.Task {
	case learn.Multiclass:
		for k, w := range mass {
			if w > 0 {
				m.Present = append(m.Present, k)
			}
		}
		m.Rest = 0.5 / (total + float64(float64(d.Classes)/2))
	case learn.Regression:
		if largest == 0 {
			return
		}
		var mean, square float64
		each(func(y, w float64) { mean += float64(w*(y/largest)) / total })
		each(func(y, w float64) {
			e := y/largest - mean
			square += float64(w*float64(e*e)) / total
		})
		m.Offset, m.Scale = mean*largest, math.Sqrt(square)*largest
	}
}

// encodeTarget is a target as the objective wants it; false for a class that
// had no training row.
func (m *Model) encodeTarget(y float64) (float64, bool) {
	switch {
	case m.Task == learn.Regression && m.Scale == 0:
		return 0, true
	case m.Task == learn.Regression:
		return y/m.Scale - m.Offset/m.Scale, true
	case m.Task == learn.Binary:
		return y, true
	}
	k, ok := slices.BinarySearch(m.Present, int(y))
	return float64(k), ok
}

// Strength is, for each feature, the root of its mean squared coefficient over
// the outputs: how much it moves the scores.
func (m *Model) Strength() []float64 {
	out := make([]float64, m.Features)
	p := m.Features + 1
	for j := range out {
		for k := range m.outputs() {
			b := m.Coefficients[k*p+j]
			out[j] += float64(b*b) / float64(m.outputs())
		}
		out[j] = math.Sqrt(out[j])
	}
	return out
}

// Predict is learn.Model's.
func (m *Model) Predict(x, out []float64) {
	p := m.Features + 1
	dense := make([]float64, m.Dense)
	slot := make([]int32, m.Slots())
	score := make([]float64, m.outputs())
	width := m.Width()
	for i := range len(out) / width {
		m.Encode(x[i*len(m.Columns):(i+1)*len(m.Columns)], dense, slot)
		for k := range score {
			score[k] = linear(m.Coefficients[k*p:(k+1)*p], dense, slot)
		}
		m.finish(score, out[i*width:(i+1)*width])
	}
}

// finish makes predictions of scores.
func (m *Model) finish(score, out []float64) {
	switch m.Task {
	case learn.Binary:
		out[0] = portable.Sigmoid(score[0])
	case learn.Regression:
		y := m.Offset + float64(m.Scale*score[0])
		out[0] = min(max(y, -math.MaxFloat64), math.MaxFloat64)
	default:
		portable.Softmax(score)
		left := 1 - float64(m.Rest*float64(m.Classes-len(m.Present)))
		for k := range out {
			out[k] = m.Rest
		}
		for k, class := range m.Present {
			out[class] = score[k] * left
		}
	}
}

// MarshalBinary is the model as JSON.
func (m *Model) MarshalBinary() ([]byte, error) {
	file := *m
	file.Format = format
	return json.Marshal(file)
}

// Decode reads what MarshalBinary wrote and checks that Predict cannot leave
// the bounds of the model.
func Decode(data []byte) (learn.Model, error) {
	m := &Model{}
	if err := wire.ReadJSON(data, m); err != nil {
		return nil, fmt.Errorf("decode linear model: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("decode linear model: %w", err)
	}
	return m, nil
}

func (m *Model) check() error {
	switch classes := m.Classes; m.Task {
	case learn.Binary, learn.Regression:
		if len(m.Present) > 0 {
			return errors.New("classes of a model that has none")
		}
	case learn.Multiclass:
		if classes < 3 || len(m.Present) < 2 || !slices.IsSorted(m.Present) || len(slices.Compact(slices.Clone(m.Present))) != len(m.Present) ||
			m.Present[0] < 0 || m.Present[len(m.Present)-1] >= classes || classes > 1<<20 || !(m.Rest >= 0 && m.Rest*float64(classes) <= 1) {
			return errors.New("classes out of range")
		}
	default:
		return errors.New("unknown task")
	}
	switch {
	case m.Format != format:
		return fmt.Errorf("format %q: %w", m.Format, learn.ErrUnknown)
	case m.Dense < 0 || m.Features < m.Dense || m.Features > len(m.Coefficients) || len(m.Coefficients) != m.outputs()*(m.Features+1):
		return errors.New("number of coefficients out of range")
	case m.Scale < 0 || math.Abs(m.Offset) > math.MaxFloat64:
		return errors.New("scale out of range")
	}
	for _, b := range m.Coefficients {
		if math.Abs(b) > 1e100 {
			return errors.New("a coefficient is out of range")
		}
	}
	if n := len(m.Shares); n > 0 && n != m.Features-m.Dense || slices.ContainsFunc(m.Shares, func(v float64) bool { return !(v >= 0 && v <= 1) }) {
		return errors.New("shares out of range")
	}
	if !m.checkPairs() {
		return errors.New("pairs out of range")
	}
	for i := range m.Columns {
		if err := m.Columns[i].check(m.Dense-len(m.Products), m.Dense, m.Features); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

// check tells whether the column's features lie inside the model's: dense ones
// below dense, switches from switches on.
func (c *Column) check(dense, switches, features int) error {
	slot := func(i int) bool { return i == -1 || i >= switches && i < features }
	if c.Number != nil && c.Text != nil {
		return errors.New("both of numbers and of text")
	}
	if n := c.Number; n != nil {
		width := len(n.Mean)
		ok := n.First >= 0 && width <= dense && n.First <= dense-width && len(n.Scale) == width && slot(n.Absent) &&
			len(n.Cuts) != 1 && rising(n.Cuts) && rising(n.Knots) && (width == 0 || width == 1+len(n.Knots)) && math.Abs(n.Fill) <= 1
		for i := range width {
			ok = ok && math.Abs(n.Mean[i]) <= 1 && n.Scale[i] >= 0 && n.Scale[i] <= 1e12
		}
		for _, k := range n.Knots {
			ok = ok && k > 0 && k < 1
		}
		if !ok {
			return errors.New("numbers out of range")
		}
	}
	if t := c.Text; t != nil {
		if t.First < switches || len(t.Codes) > features || t.First > features-len(t.Codes) || !slot(t.Other) || !slot(t.Absent) ||
			!slices.IsSorted(t.Codes) {
			return errors.New("categories out of range")
		}
	}
	return nil
}

func rising(x []float64) bool {
	for i := 1; i < len(x); i++ {
		if !(x[i] > x[i-1]) {
			return false
		}
	}
	return true
}
