// Package baseline is the two models that every other has to beat: the dummy,
// which looks at no column, and the rule of thumb, which looks at one.
package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
)

// Dummy predicts the shares of the classes or the mean of the target. It has
// no settings.
type Dummy struct{}

// Name is "dummy".
func (Dummy) Name() string { return "dummy" }

// Fit is learn.Learner's.
func (Dummy) Fit(ctx context.Context, train learn.Data, _ *learn.Data, _ learn.Options) (learn.Model, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("fit dummy: %w", err)
	}
	if err := train.Check(); err != nil {
		return nil, fmt.Errorf("fit dummy on %d rows: %w", train.N(), err)
	}
	t := newTargets(&train)
	return &Constant{Format: constantFormat, Value: t.value(t.all(), nil)}, nil
}

// Constant is the model of a Dummy: the same prediction for every row.
type Constant struct {
	Format string    `json:"format"` // "dummy/1"
	Value  []float64 `json:"value"`  // what Predict writes for a row
}

const constantFormat = "dummy/1"

// Name is "dummy".
func (m *Constant) Name() string { return Dummy{}.Name() }

// Width is the number of values that Predict writes for a row.
func (m *Constant) Width() int { return len(m.Value) }

// Predict writes the value for every row.
func (m *Constant) Predict(_, out []float64) {
	for i := 0; i < len(out); i += len(m.Value) {
		copy(out[i:], m.Value)
	}
}

// MarshalBinary is the model as JSON.
func (m *Constant) MarshalBinary() ([]byte, error) { return json.Marshal(m) }

func (m *Constant) check() error {
	if len(m.Value) == 0 {
		return errors.New("no prediction")
	}
	return nil
}

// Decode reads the model of a Dummy or a Rule.
func Decode(data []byte) (learn.Model, error) {
	var kind struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, fmt.Errorf("decode baseline model: %w", err)
	}
	var m interface {
		learn.Model
		check() error
	}
	switch kind.Format {
	case constantFormat:
		m = &Constant{}
	case ruleFormat:
		m = &Thumb{}
	default:
		return nil, fmt.Errorf("decode baseline model: format %q: %w", kind.Format, learn.ErrUnknown)
	}
	if err := wire.ReadJSON(data, m); err != nil {
		return nil, fmt.Errorf("decode baseline model: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("decode baseline model: %w", err)
	}
	return m, nil
}

// targets is how the targets of a set of rows are summed up in a stat: for
// classes the weight of each; for values the weight, the sum of weight × y and
// of weight × y², where y is target / scale so that nothing overflows.
type targets struct {
	data  *learn.Data
	scale float64
}

type stat []float64

func newTargets(d *learn.Data) *targets {
	t := &targets{d, 1}
	if d.Task != learn.Regression {
		return t
	}
	for i := range d.N() {
		if t.weight(i) > 0 {
			t.scale = max(t.scale, math.Abs(d.Target[d.Row(i)]))
		}
	}
	return t
}

// weight is that of the i-th row in use.
func (t *targets) weight(i int) float64 {
	return t.data.WeightOf(t.data.Row(i))
}

func (t *targets) none() stat {
	if t.data.Task == learn.Regression {
		return make(stat, 3)
	}
	return make(stat, t.data.Classes)
}

// all is the stat of the rows in use.
func (t *targets) all() stat {
	s := t.none()
	for i := range t.data.N() {
		t.add(s, i)
	}
	return s
}

// add counts the i-th row in use.
func (t *targets) add(s stat, i int) {
	w, y := t.weight(i), t.data.Target[t.data.Row(i)]
	if w == 0 {
		return // it may have any target
	}
	if t.data.Task != learn.Regression {
		s[int(y)] += w
		return
	}
	y /= t.scale
	s[0] += w
	s[1] += float64(w * y)
	s[2] += float64(w * float64(y*y))
}

// total is the weight of the rows.
func (t *targets) total(s stat) float64 {
	if t.data.Task == learn.Regression {
		return s[0]
	}
	sum := 0.0
	for _, w := range s {
		sum += w
	}
	return sum
}

// value is what is predicted for rows like those of s. prior counts as one
// row more; nil is half a row of every class (Krichevsky and Trofimov), and
// nothing for values.
func (t *targets) value(s stat, prior []float64) []float64 {
	total := t.total(s)
	if t.data.Task == learn.Regression {
		if prior == nil {
			return []float64{s[1] / total * t.scale}
		}
		return []float64{float64(s[1]/(total+1)*t.scale) + prior[0]/(total+1)}
	}
	out := make([]float64, len(s))
	for k, w := range s {
		switch {
		case prior == nil:
			out[k] = (w + 0.5) / (total + float64(float64(len(s))/2))
		case len(prior) == 1: // binary
			out[k] = (w + []float64{1 - prior[0], prior[0]}[k]) / (total + 1)
		default:
			out[k] = (w + prior[k]) / (total + 1)
		}
	}
	if t.data.Task == learn.Binary {
		return out[1:]
	}
	return out
}
