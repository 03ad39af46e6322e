package neighbor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/linear"
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

var (
	errLength = errors.New("too short or too long")
	errRange  = errors.New("a number is out of range")
)

func decode(data []byte) (*Model, error) {
	get := binary.LittleEndian
	head := len(magic) + 8
	if len(data) < head || string(data[:len(magic)]) != magic {
		return nil, errors.New("not of version 1")
	}
	k, size := get.Uint32(data[len(magic):]), int64(get.Uint32(data[len(magic)+4:]))
	data = data[head:]
	if size+4 > int64(len(data)) {
		return nil, errLength
	}
	space, err := linear.Decode(data[:size])
	if err != nil {
		return nil, err
	}
	m := &Model{k: int(k), space: space.(*linear.Model)}
	m.measure()
	rows := int64(get.Uint32(data[size:]))
	data = data[size+4:]
	if one := int64(4*m.space.Dense + 4*m.slots + 16); rows*one != int64(len(data)) {
		return nil, errLength
	}
	if rows == 0 || k == 0 || k > 1000 {
		return nil, errRange
	}
	for range rows {
		for range m.space.Dense {
			v := math.Float32frombits(get.Uint32(data))
			if !(math.Abs(float64(v)) <= math.MaxFloat32) {
				return nil, errRange
			}
			m.dense, data = append(m.dense, v), data[4:]
		}
		for range m.slots {
			s := int32(get.Uint32(data))
			if s < -1 || int(s) >= len(m.apart) {
				return nil, errRange
			}
			m.slot, data = append(m.slot, s), data[4:]
		}
		y, w := math.Float64frombits(get.Uint64(data)), math.Float64frombits(get.Uint64(data[8:]))
		data = data[16:]
		class := m.space.Task == learn.Regression || y >= 0 && y < float64(m.space.Classes) && y == math.Trunc(y)
		if !class || !(math.Abs(y) <= math.MaxFloat64) || !(w > 0 && w <= math.MaxFloat64) {
			return nil, errRange
		}
		m.target, m.weight = append(m.target, y), append(m.weight, w)
	}
	return m, nil
}
