package net

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
)

// magic begins the file; its last byte is the version.
const magic = "SNET\x01"

// MarshalBinary writes, little-endian: the magic; task (1 byte), classes (4),
// offset, scale, low and high (8 each); units of a layer (4), hidden layers (1)
// and nets (1); the number of columns (4) and for each its kind (1), for
// numbers the center, the scale (8 each), the number of cuts (4) and the cuts
// (8 each), for categories the number of levels (4) and the levels (4 each);
// for each net its weights (4 each) as network has them.
func (m *Model) MarshalBinary() ([]byte, error) {
	put := binary.LittleEndian
	out := wire.AppendTask([]byte(magic), m.task)
	float := func(x float64) { out = put.AppendUint64(out, math.Float64bits(x)) }
	count := func(n int) { out = put.AppendUint32(out, uint32(n)) }
	count(m.classes)
	for _, x := range []float64{m.offset, m.scale, m.low, m.high} {
		float(x)
	}
	count(m.shape.width)
	out = append(out, byte(m.shape.hidden), byte(len(m.nets)))
	count(len(m.columns))
	for j := range m.columns {
		c := &m.columns[j]
		if c.text {
			out = append(out, 1)
			count(len(c.levels))
			for _, l := range c.levels {
				count(int(l))
			}
			continue
		}
		out = append(out, 0)
		float(c.center)
		float(c.scale)
		count(len(c.cuts))
		for _, x := range c.cuts {
			float(x)
		}
	}
	for k := range m.nets {
		for _, w := range m.nets[k].all {
			out = put.AppendUint32(out, math.Float32bits(w))
		}
	}
	return out, nil
}

// Decode reads what MarshalBinary wrote and checks that Predict cannot leave
// the bounds of the model. It takes memory in proportion to data.
func Decode(data []byte) (learn.Model, error) {
	m, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode neural net: %w", err)
	}
	return m, nil
}

func decode(data []byte) (*Model, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("not a neural net of version 1: %w", learn.ErrUnknown)
	}
	r := wire.NewReader(body)
	m := &Model{task: r.Task()}
	m.classes = int(r.Uint32())
	for _, x := range []*float64{&m.offset, &m.scale, &m.low, &m.high} {
		if *x = r.Float64(); !(math.Abs(*x) <= math.MaxFloat64) {
			return nil, wire.ErrRange
		}
	}
	m.shape.width, m.shape.hidden = int(r.Uint32()), int(r.Byte())
	m.nets = make([]network, r.Byte())
	if r.Err() != nil {
		return nil, r.Err()
	}
	if m.scale < 0 || m.low > m.high || len(m.nets) == 0 ||
		m.shape.width < 1 || m.shape.width > mostWidth || m.shape.hidden < 1 || m.shape.hidden > mostHidden {
		return nil, wire.ErrRange
	}
	if m.task == learn.Multiclass && (m.classes < 3 || m.classes > len(data)) {
		return nil, wire.ErrRange
	}
	m.shape.outputs = m.Width()
	m.columns = make([]column, r.Count(5))
	if len(m.columns) > 1<<20 {
		return nil, wire.ErrRange
	}
	for j := range m.columns {
		c := &m.columns[j]
		if err := c.read(r); err != nil {
			return nil, err
		}
		c.first = m.shape.rows
		m.shape.rows += c.rows()
	}
	size := m.shape.size()
	if r.Err() != nil || size*len(m.nets) != r.Left()/4 || r.Left()%4 != 0 {
		return nil, errors.New("too few or too many weights")
	}
	for k := range m.nets {
		all := make([]float32, size)
		for i := range all {
			all[i] = r.Float32()
			if w := float64(all[i]); !(math.Abs(w) <= mostWeight) {
				return nil, wire.ErrRange
			}
		}
		m.nets[k] = m.shape.lay(all)
	}
	return m, r.Err()
}

// read reads the column, all but first.
func (c *column) read(r *wire.Reader) error {
	switch r.Byte() {
	case 0:
		c.center, c.scale = r.Float64(), r.Float64()
		if !(math.Abs(c.center) <= math.MaxFloat64) || !(c.scale >= 0 && c.scale <= math.MaxFloat64) {
			return wire.ErrRange
		}
		for range r.Count(8) {
			c.cuts = append(c.cuts, r.Float64())
		}
		for i, x := range c.cuts {
			if !(math.Abs(x) <= math.MaxFloat64) || i > 0 && !(x/2 > c.cuts[i-1]/2) {
				return wire.ErrRange
			}
		}
		if len(c.cuts) == 1 {
			return wire.ErrRange
		}
	case 1:
		c.text = true
		for range r.Count(4) {
			c.levels = append(c.levels, int32(r.Uint32()))
		}
		if !slices.IsSorted(c.levels) || len(c.levels) > 0 && c.levels[0] < 0 {
			return wire.ErrRange
		}
	default:
		return wire.ErrRange
	}
	return r.Err()
}
