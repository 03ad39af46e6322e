// Package ensemble averages models: the fold models of one setting into a
// bag, and bags into a weighted mean.
package ensemble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/septet-ml/septet/learn"
)

// Name is the family of the averaged model.
const Name = "ensemble"

// Member is a bag of equally good models and its weight in the mean.
type Member struct {
	Weight float64 // above 0
	Models []learn.Model
}

// Model is the weighted mean over members of the mean over their models, of
// probabilities or values. The weights are divided by their sum.
type Model struct {
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
	total := 0.0
	for _, member := range m.Members {
		total += member.Weight
	}
	for _, member := range m.Members {
		share := member.Weight / total / float64(len(member.Models))
		for _, model := range member.Models {
			model.Predict(x, one)
			for i, v := range one {
				out[i] += float64(share * v)
			}
		}
	}
}

// magic begins the binary form; the last byte is its version.
const magic = "SENS\x01"

// MarshalBinary writes, little-endian: the magic, the number of members, and
// for each its weight, the number of its models, and for each of those the
// length of its name, its name, the length of its bytes, and its bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	out := []byte(magic)
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

var errShort = errors.New("read ensemble: too short")

// Decode reads the binary form; decode reads a member's model by the name of
// its learner. Damaged bytes give an error.
func Decode(data []byte, decode func(name string, data []byte) (learn.Model, error)) (*Model, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, errors.New("read ensemble: wrong beginning")
	}
	r := reader{data: data[len(magic):]}
	m := &Model{}
	width := 0
	for range r.count() {
		member := Member{Weight: math.Float64frombits(r.u64())}
		if !(member.Weight > 0 && member.Weight <= 1e6) {
			return nil, errors.Join(errors.New("read ensemble: a weight out of range"), r.err)
		}
		for range r.count() {
			name := string(r.take(uint64(r.u32())))
			body := r.take(r.u64())
			if r.err != nil {
				return nil, r.err
			}
			model, err := decode(name, body)
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
			return nil, errors.Join(errors.New("read ensemble: a member without models"), r.err)
		}
		m.Members = append(m.Members, member)
	}
	if r.err != nil || len(m.Members) == 0 || len(r.data) != 0 {
		return nil, errors.Join(errors.New("read ensemble: wrong length"), r.err)
	}
	return m, nil
}

// reader takes values off the front of data until it is too short.
type reader struct {
	data []byte
	err  error
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.data)) {
		r.err = errShort
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count is a number of things that take at least a byte each.
func (r *reader) count() int {
	n := r.u32()
	if uint64(n) > uint64(len(r.data)) {
		r.err = errShort
		return 0
	}
	return int(n)
}
