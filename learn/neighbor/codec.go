package neighbor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/wire"
)

// magic begins the file; its last byte is the version.
const magic = "SNEI\x01"

// MarshalBinary writes, little-endian: the magic, the number of neighbours
// (4), the bytes of the ridge (4) and the ridge, the number of rows (4), and
// for each its dense features (4 each), its switches (4 each), its target (8)
// and its weight (8).
func (m *Model) MarshalBinary() ([]byte, error) {
	space, err := m.space.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("write neighbor: %w", err)
	}
	put := binary.LittleEndian
	out := put.AppendUint32([]byte(magic), uint32(m.k))
	out = append(put.AppendUint32(out, uint32(len(space))), space...)
	out = put.AppendUint32(out, uint32(len(m.target)))
	for r, y := range m.target {
		for _, v := range m.dense[r*m.space.Dense : (r+1)*m.space.Dense] {
			out = put.AppendUint32(out, math.Float32bits(v))
		}
		for _, s := range m.slot[r*m.slots : (r+1)*m.slots] {
			out = put.AppendUint32(out, uint32(s))
		}
		out = put.AppendUint64(out, math.Float64bits(y))
		out = put.AppendUint64(out, math.Float64bits(m.weight[r]))
	}
	return out, nil
}

// Decode reads what MarshalBinary wrote and checks that Predict cannot leave
// the bounds of the model. It takes memory in proportion to data.
func Decode(data []byte) (learn.Model, error) {
	m, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode neighbor: %w", err)
	}
	return m, nil
}

var errLength = errors.New("too short or too long")

func decode(data []byte) (*Model, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("not of version 1: %w", learn.ErrUnknown)
	}
	r := wire.NewReader(body)
	k := r.Uint32()
	file := r.Take(uint64(r.Uint32()))
	rows := int64(r.Uint32())
	if r.Err() != nil {
		return nil, r.Err()
	}
	space, err := linear.Decode(file)
	if err != nil {
		return nil, err
	}
	m := &Model{k: int(k), space: space.(*linear.Model)}
	m.measure()
	if one := int64(4*m.space.Dense + 4*m.slots + 16); rows*one != int64(r.Left()) {
		return nil, errLength
	}
	if rows == 0 || k == 0 || k > mostK {
		return nil, wire.ErrRange
	}
	for range rows {
		if !m.read(r) {
			return nil, wire.ErrRange
		}
	}
	return m, r.Err()
}

// read reads one row; false where a number is out of range.
func (m *Model) read(r *wire.Reader) bool {
	for range m.space.Dense {
		v := r.Float32()
		if !(math.Abs(float64(v)) <= math.MaxFloat32) {
			return false
		}
		m.dense = append(m.dense, v)
	}
	for range m.slots {
		s := int32(r.Uint32())
		if s < -1 || int(s) >= len(m.apart) {
			return false
		}
		m.slot = append(m.slot, s)
	}
	y, w := r.Float64(), r.Float64()
	m.target, m.weight = append(m.target, y), append(m.weight, w)
	class := m.space.Task == learn.Regression || y >= 0 && y < float64(m.space.Classes) && y == math.Trunc(y)
	return class && math.Abs(y) <= math.MaxFloat64 && w > 0 && w <= math.MaxFloat64
}
