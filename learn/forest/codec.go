package forest

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
const magic = "SFOR\x02"

// MarshalBinary writes, little-endian: the magic; task (1 byte), classes (4),
// offset and scale (8 each); the number of columns (4) and for each its kind
// (1) and, for numbers, the number of cuts (1) and the cuts (8 each), for
// text, the number of levels (1), the levels (4 each), their codes (1 each) and
// the code of the others (1); the number of trees (4) and for each the number
// of nodes (4), the nodes (column + 1 with bit 31 for absentLeft, 4; cut, 1;
// right, 4, not for leaves), the leaves' values (4 each) and their covers (4
// each).
func (m *Model) MarshalBinary() ([]byte, error) {
	put := binary.LittleEndian
	out := wire.AppendTask([]byte(magic), m.task)
	out = put.AppendUint32(out, uint32(m.classes))
	out = put.AppendUint64(out, math.Float64bits(m.offset))
	out = put.AppendUint64(out, math.Float64bits(m.scale))
	out = put.AppendUint32(out, uint32(len(m.columns)))
	for i := range m.columns {
		c := &m.columns[i]
		if !c.text {
			out = append(out, 0, byte(len(c.cuts)))
			for _, x := range c.cuts {
				out = put.AppendUint64(out, math.Float64bits(x))
			}
			continue
		}
		out = append(out, 1, byte(len(c.levels)))
		for _, l := range c.levels {
			out = put.AppendUint32(out, uint32(l))
		}
		out = append(append(out, c.codes...), c.other)
	}
	out = put.AppendUint32(out, uint32(len(m.trees)))
	for i := range m.trees {
		t := &m.trees[i]
		out = put.AppendUint32(out, uint32(len(t.nodes)))
		for _, n := range t.nodes {
			first := uint32(n.column + 1)
			if n.absentLeft {
				first |= 1 << 31
			}
			out = append(put.AppendUint32(out, first), n.cut)
			if n.column >= 0 {
				out = put.AppendUint32(out, uint32(n.right))
			}
		}
		for _, v := range append(t.values[:len(t.values):len(t.values)], t.covers...) {
			out = put.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out, nil
}

// Decode reads what MarshalBinary wrote and checks that Predict cannot leave
// the bounds of the model. It takes memory in proportion to data.
func Decode(data []byte) (learn.Model, error) {
	m, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode forest: %w", err)
	}
	return m, nil
}

func decode(data []byte) (*Model, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("not a forest of version 2: %w", learn.ErrUnknown)
	}
	r := wire.NewReader(body)
	m := &Model{task: r.Task()}
	m.classes = int(r.Uint32())
	m.offset, m.scale = r.Float64(), r.Float64()
	if r.Err() != nil {
		return nil, r.Err()
	}
	if !(m.scale >= 0 && m.scale <= math.MaxFloat64) || !(math.Abs(m.offset) <= math.MaxFloat64) {
		return nil, wire.ErrRange
	}
	if m.task == learn.Multiclass && (m.classes < 3 || m.classes > len(data)) {
		return nil, wire.ErrRange
	}
	m.columns = make([]column, r.Count(2))
	for i := range m.columns {
		if err := m.columns[i].read(r); err != nil {
			return nil, err
		}
	}
	m.trees = make([]tree, r.Count(4))
	for i := range m.trees {
		if err := m.trees[i].read(r, len(m.columns), m.Width()); err != nil {
			return nil, err
		}
	}
	switch {
	case r.Err() != nil:
		return nil, r.Err()
	case len(m.trees) == 0 || r.Left() > 0:
		return nil, errors.New("no trees, or more after the last one")
	}
	return m, nil
}

// read reads the column.
func (c *column) read(r *wire.Reader) error {
	kind, n := r.Byte(), int(r.Byte())
	switch kind {
	case 0:
		for range n {
			c.cuts = append(c.cuts, r.Float64())
		}
		for i, x := range c.cuts {
			if !(math.Abs(x) <= math.MaxFloat64) || i > 0 && x <= c.cuts[i-1] {
				return wire.ErrRange
			}
		}
	case 1:
		c.text = true
		for range n {
			c.levels = append(c.levels, int32(r.Uint32()))
		}
		for range n {
			c.codes = append(c.codes, r.Byte())
		}
		c.other = r.Byte()
		if !slices.IsSorted(c.levels) || n > 0 && c.levels[0] < 0 {
			return wire.ErrRange
		}
	default:
		return wire.ErrRange
	}
	return r.Err()
}

// read reads the tree, of a table of so many columns and of leaves of width
// values.
func (t *tree) read(r *wire.Reader, columns, width int) error {
	t.nodes = make([]node, r.Count(5))
	leaves := 0
	for i := range t.nodes {
		n := &t.nodes[i]
		first := r.Uint32()
		n.column, n.absentLeft, n.cut = int32(first&(1<<31-1))-1, first>>31 == 1, r.Byte()
		if n.column >= 0 {
			n.right = int32(r.Uint32())
		} else {
			n.right = int32(leaves)
			leaves++
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	if leaves == 0 || int64(leaves)*int64(width+1)*4 > int64(r.Left()) {
		return wire.ErrShort
	}
	if !t.inOrder(columns) {
		return wire.ErrRange
	}
	t.values = make([]float32, leaves*width)
	for i := range t.values {
		t.values[i] = r.Float32()
		if v := float64(t.values[i]); !(math.Abs(v) <= 1e30) {
			return wire.ErrRange
		}
	}
	t.covers = make([]float32, leaves)
	for i := range t.covers {
		t.covers[i] = r.Float32()
		if v := float64(t.covers[i]); !(v >= 0 && v <= math.MaxFloat32) {
			return wire.ErrRange
		}
	}
	return r.Err()
}

// inOrder tells whether the nodes are one tree in pre-order, not too deep, that
// asks for columns that there are.
func (t *tree) inOrder(columns int) bool {
	size := make([]int32, len(t.nodes)) // of what is below a node, itself included
	for i := len(t.nodes) - 1; i >= 0; i-- {
		n := &t.nodes[i]
		size[i] = 1
		if n.column < 0 {
			continue
		}
		if i+1 == len(t.nodes) || int(n.column) >= columns || int(n.right) != i+1+int(size[i+1]) || int(n.right) >= len(t.nodes) {
			return false
		}
		size[i] += size[i+1] + size[n.right]
	}
	depth := make([]int16, len(t.nodes))
	for i, n := range t.nodes {
		if n.column < 0 {
			continue
		}
		if depth[i] == maxDepth {
			return false
		}
		depth[i+1], depth[n.right] = depth[i]+1, depth[i]+1
	}
	return int(size[0]) == len(t.nodes)
}
