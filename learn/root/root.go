// Package root learns values by their square roots: another learner is fitted
// to the root of a value's distance from a floor, and what it predicts is
// squared. Errors that grow with the value weigh less that way, so that the few
// largest values do not decide everything.
//
// The floor is 0, or the least value of training where that is below 0. The
// square of a mean of roots lies below the mean of the squares, by the variance
// of the root; that of the rows that the learner was not fitted on is added,
// as if it were one for all rows, which it is for counts.
//
// Source: Bartlett 1936, The square root transformation in analysis of
// variance.
package root

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
)

// Name is the family of the learner and its models.
const Name = "root"

// Learner is the learner of the roots.
type Learner struct {
	Of learn.Learner
}

// Name is "root".
func (Learner) Name() string { return Name }

// MarshalJSON is the name and the settings of the learner of the roots.
func (l Learner) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Learner  string        `json:"learner"`
		Settings learn.Learner `json:"settings"`
	}{l.Of.Name(), l.Of})
}

// Fit is learn.Learner's; for regression only.
func (l Learner) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	m, err := l.fit(ctx, train, valid, opt)
	if err != nil {
		return nil, fmt.Errorf("fit roots on %d rows: %w", train.N(), err)
	}
	return m, nil
}

func (l Learner) fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (*Model, error) {
	if train.Task != learn.Regression {
		return nil, fmt.Errorf("%s has no roots", train.Task)
	}
	if err := train.Check(); err != nil {
		return nil, err
	}
	m := &Model{}
	for i := range train.N() {
		if row := train.Row(i); train.WeightOf(row) > 0 {
			m.Floor = math.Min(m.Floor, train.Target[row])
		}
	}
	roots := train
	roots.Target = m.roots(train.Target)
	check := train
	var stop *learn.Data
	if valid != nil && valid.N() > 0 {
		check = *valid
		other := *valid
		other.Target = m.roots(valid.Target)
		stop = &other
	}
	var err error
	if m.Of, err = l.Of.Fit(ctx, roots, stop, opt); err != nil {
		return nil, err
	}
	m.Offset, err = m.spread(ctx, check, max(opt.Threads, 1))
	return m, err
}

// roots are the roots of all values; those below the floor, of rows that are
// not fitted on, have negative ones.
func (m *Model) roots(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, y := range values {
		out[i] = m.root(y)
	}
	return out
}

func (m *Model) root(value float64) float64 {
	d := value - m.Floor
	return math.Copysign(math.Sqrt(math.Abs(d)), d)
}

// spread is the variance of the roots of d about what is predicted of them; 0
// of no weight. Their mean error is no part of it: how high the rows that a fit
// is judged on lie is for the judge to know, not for the fit.
func (m *Model) spread(ctx context.Context, d learn.Data, threads int) (float64, error) {
	predicted, err := learn.PredictTable(ctx, m.Of, d.Table, d.Rows, threads)
	if err != nil {
		return 0, err
	}
	sum, squares, mass := 0.0, 0.0, 0.0
	for i, z := range predicted {
		row := d.Row(i)
		w := d.WeightOf(row)
		if y := d.Target[row]; w > 0 && math.Abs(y) <= learn.MostTarget {
			e := m.root(y) - math.Min(math.Max(z, 0), most)
			sum += float64(w * e)
			squares += float64(float64(w*e) * e)
			mass += w
		}
	}
	if mass == 0 {
		return 0, nil
	}
	mean := sum / mass
	return min(max(squares/mass-float64(mean*mean), 0), learn.MostTarget), nil
}

// Model squares what another model predicts.
type Model struct {
	Of     learn.Model
	Floor  float64
	Offset float64 // added to every prediction
}

// Name is "root".
func (*Model) Name() string { return Name }

// Width is 1.
func (*Model) Width() int { return 1 }

// most bounds predicted roots, so that squares are finite.
const most = 1e150

// Value is what a predicted root means. It rises with the root.
func (m *Model) Value(root float64) float64 {
	root = math.Min(math.Max(root, 0), most)
	return m.Floor + float64(root*root) + m.Offset
}

// Predict is learn.Model's.
func (m *Model) Predict(x, out []float64) {
	m.Of.Predict(x, out)
	for i, z := range out {
		out[i] = m.Value(z)
	}
}

// magic begins the binary form; its last byte is the version.
const magic = "SROT\x01"

// MarshalBinary writes, little-endian: the magic, the floor and the offset (8
// each), the length of the name of the model of the roots (4), its name and its
// bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	of, err := m.Of.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("write roots: %w", err)
	}
	put := binary.LittleEndian
	out := put.AppendUint64([]byte(magic), math.Float64bits(m.Floor))
	out = put.AppendUint64(out, math.Float64bits(m.Offset))
	out = put.AppendUint32(out, uint32(len(m.Of.Name())))
	out = append(out, m.Of.Name()...)
	return append(out, of...), nil
}

// Decode reads what MarshalBinary wrote; decode reads the model of the roots by
// the name of its learner. Damaged bytes give an error.
func Decode(data []byte, decode func(name string, data []byte) (learn.Model, error)) (learn.Model, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("read roots: not of version 1: %w", learn.ErrUnknown)
	}
	r := wire.NewReader(body)
	m := &Model{Floor: r.Float64(), Offset: r.Float64()}
	name := string(r.Take(uint64(r.Uint32())))
	of := r.Take(uint64(r.Left()))
	if r.Err() != nil {
		return nil, fmt.Errorf("read roots: %w", r.Err())
	}
	if !(m.Floor <= 0 && m.Floor >= -learn.MostTarget && math.Abs(m.Offset) <= math.MaxFloat64/4) {
		return nil, errors.New("read roots: a floor or an offset out of range")
	}
	if name == Name {
		return nil, errors.New("read roots: roots of roots")
	}
	var err error
	if m.Of, err = decode(name, of); err != nil {
		return nil, fmt.Errorf("read roots: %w", err)
	}
	if m.Of.Width() != 1 {
		return nil, fmt.Errorf("read roots: a model of width %d", m.Of.Width())
	}
	return m, nil
}
