// Package ensemble pools models: the fold models of one setting into a bag, and
// bags by their weights.
package ensemble

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
)

// Name is the family of the pooled model.
const Name = "ensemble"

// Member is a bag of equally good models and its weight in the mean.
type Member struct {
	Weight float64 // above 0
	Models []learn.Model
}

// Model is the weighted mean over members of the mean over their models, by its
// pool. The weights are divided by their sum.
type Model struct {
	Pool    Pool
	Members []Member
}

// Name is "ensemble".
func (m *Model) Name() string { return Name }

// Width is that of its models.
func (m *Model) Width() int { return m.Members[0].Models[0].Width() }

// scratch keeps the memory of Predict between calls.
var scratch = sync.Pool{New: func() any { return new([]float64) }}

// Predict scores len(out) / Width rows. Members and models are added in their
// order, so a row's bits do not depend on its neighbours.
func (m *Model) Predict(x, out []float64) {
	buffer := scratch.Get().(*[]float64)
	defer scratch.Put(buffer)
	if cap(*buffer) < len(out) {
		*buffer = make([]float64, len(out))
	}
	one := (*buffer)[:len(out)]
	clear(out)
	width := m.Width()
	total := 0.0
	for _, member := range m.Members {
		total += member.Weight
	}
	for _, member := range m.Members {
		share := member.Weight / total / float64(len(member.Models))
		for _, model := range member.Models {
			model.Predict(x, one)
			for i, v := range one {
				out[i] += float64(share * m.Pool.Score(v, width))
			}
		}
	}
	m.Pool.Predictions(out, width)
}

// magic begins the binary form; its version follows. Version 1 has no pool: it
// is linear.
const (
	magic   = "SENS"
	version = 2
)

// MarshalBinary writes, little-endian: the magic, the version and the pool, a byte
// each, the number of members, and for each its weight, the number of its models,
// and for each of those the length of its name, its name, the length of its bytes,
// and its bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	out := append([]byte(magic), version, byte(m.Pool))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(m.Members)))
	for _, member := range m.Members {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(member.Weight))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(member.Models)))
		for _, model := range member.Models {
			data, err := model.MarshalBinary()
			if err != nil {
				return nil, fmt.Errorf("write ensemble: %w", err)
			}
			out = binary.LittleEndian.AppendUint32(out, uint32(len(model.Name())))
			out = append(out, model.Name()...)
			out = binary.LittleEndian.AppendUint64(out, uint64(len(data)))
			out = append(out, data...)
		}
	}
	return out, nil
}

// Decode reads the binary form; decode reads a member's model by the name of
// its learner. Damaged bytes give an error.
func Decode(data []byte, decode func(name string, data []byte) (learn.Model, error)) (*Model, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok || len(body) < 2 || body[0] < 1 || body[0] > version {
		return nil, fmt.Errorf("read ensemble: not of version 1 to %d: %w", version, learn.ErrUnknown)
	}
	m := &Model{}
	if body[0] > 1 {
		m.Pool, body = Pool(body[1]), body[1:]
	}
	if m.Pool > Logarithmic {
		return nil, fmt.Errorf("read ensemble: pool %d: %w", m.Pool, learn.ErrUnknown)
	}
	r := wire.NewReader(body[1:])
	width := 0
	for range r.Count(1) {
		member := Member{Weight: r.Float64()}
		if !(member.Weight > 0 && member.Weight <= 1e6) {
			return nil, errors.Join(errors.New("read ensemble: a weight out of range"), r.Err())
		}
		for range r.Count(1) {
			name := string(r.Take(uint64(r.Uint32())))
			file := r.Take(r.Uint64())
			if r.Err() != nil {
				return nil, fmt.Errorf("read ensemble: %w", r.Err())
			}
			model, err := decode(name, file)
			if err != nil {
				return nil, fmt.Errorf("read ensemble: %w", err)
			}
			if width == 0 {
				width = model.Width()
			}
			if width < 1 || model.Width() != width {
				return nil, fmt.Errorf("read ensemble: models of width %d and %d", width, model.Width())
			}
			member.Models = append(member.Models, model)
		}
		if len(member.Models) == 0 {
			return nil, errors.Join(errors.New("read ensemble: a member without models"), r.Err())
		}
		m.Members = append(m.Members, member)
	}
	if r.Err() != nil || len(m.Members) == 0 || r.Left() != 0 {
		return nil, errors.Join(errors.New("read ensemble: wrong length"), r.Err())
	}
	return m, nil
}
