package net

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
)

// magic begins the file; its last byte is the version.
const magic = "SNET\x01"

// tasks by their number in the file.
var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

// MarshalBinary writes, little-endian: the magic; task (1 byte), classes (4),
// offset, scale, low and high (8 each); units of a layer (4), hidden layers (1)
// and nets (1); the number of columns (4) and for each its kind (1), for
// numbers the center, the scale (8 each), the number of cuts (4) and the cuts
// (8 each), for categories the number of levels (4) and the levels (4 each);
// for each net its weights (4 each) as network has them.
func (m *Model) MarshalBinary() ([]byte, error) {
	put := binary.LittleEndian
	out := append([]byte(magic), byte(slices.Index(tasks, m.task)))
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

var (
	errShort = errors.New("too short")
	errRange = errors.New("a number is out of range")
)

func decode(data []byte) (*Model, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, errors.New("not a neural net of version 1")
	}
	r := &reader{data: data[len(magic):]}
	m := &Model{}
	task := int(r.byte())
	m.classes = int(r.uint32())
	for _, x := range []*float64{&m.offset, &m.scale, &m.low, &m.high} {
		if *x = r.float64(); !(math.Abs(*x) <= math.MaxFloat64) {
			return nil, errRange
		}
	}
	m.shape.width, m.shape.hidden = int(r.uint32()), int(r.byte())
	m.nets = make([]network, r.byte())
	if r.err != nil {
		return nil, r.err
	}
	if task >= len(tasks) || m.scale < 0 || m.low > m.high || len(m.nets) == 0 ||
		m.shape.width < 1 || m.shape.width > mostWidth || m.shape.hidden < 1 || m.shape.hidden > mostHidden {
		return nil, errRange
	}
	m.task = tasks[task]
	if m.task == learn.Multiclass && (m.classes < 3 || m.classes > len(data)) {
		return nil, errRange
	}
	m.shape.outputs = m.Width()
	m.columns = make([]column, r.count(5))
	if len(m.columns) > 1<<20 {
		return nil, errRange
	}
	for j := range m.columns {
		c := &m.columns[j]
		if err := r.column(c); err != nil {
			return nil, err
		}
		c.first = m.shape.rows
		m.shape.rows += c.rows()
	}
	size := m.shape.size()
	if r.err != nil || size*len(m.nets) != len(r.data)/4 || len(r.data)%4 != 0 {
		return nil, errShort
	}
	for k := range m.nets {
		all := make([]float32, size)
		for i := range all {
			all[i] = math.Float32frombits(r.uint32())
			if w := float64(all[i]); !(math.Abs(w) <= mostWeight) {
				return nil, errRange
			}
		}
		m.nets[k] = m.shape.lay(all)
	}
	return m, r.err
}

// reader takes numbers off the front of data. After the first one that is not
// there it gives zeros, and err.
type reader struct {
	data []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n > len(r.data) {
		r.err = errShort
		return make([]byte, n)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) float64() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
}

// count is a number of things that take at least size bytes each; 0 where so
// many are not there.
func (r *reader) count(size int) int {
	n := int64(r.uint32())
	if r.err != nil || n*int64(size) > int64(len(r.data)) {
		r.err = errShort
		return 0
	}
	return int(n)
}

func (r *reader) column(c *column) error {
	switch r.byte() {
	case 0:
		c.center, c.scale = r.float64(), r.float64()
		if !(math.Abs(c.center) <= math.MaxFloat64) || !(c.scale >= 0 && c.scale <= math.MaxFloat64) {
			return errRange
		}
		for range r.count(8) {
			c.cuts = append(c.cuts, r.float64())
		}
		for i, x := range c.cuts {
			if !(math.Abs(x) <= math.MaxFloat64) || i > 0 && !(x/2 > c.cuts[i-1]/2) {
				return errRange
			}
		}
		if len(c.cuts) == 1 {
			return errRange
		}
	case 1:
		c.text = true
		for range r.count(4) {
			c.levels = append(c.levels, int32(r.uint32()))
		}
		if !slices.IsSorted(c.levels) || len(c.levels) > 0 && c.levels[0] < 0 {
			return errRange
		}
	default:
		return errRange
	}
	return r.err
}
