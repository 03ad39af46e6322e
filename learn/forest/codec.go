package forest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
)

// magic begins the file; its last byte is the version.
const magic = "SFOR\x02"

// tasks by their number in the file.
var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

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
	out := append([]byte(magic), byte(slices.Index(tasks, m.task)))
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

var (
	errShort = errors.New("too short")
	errRange = errors.New("a number is out of range")
)

func decode(data []byte) (*Model, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, errors.New("not a forest of version 2")
	}
	r := &reader{data: data[len(magic):]}
	m := &Model{}
	task := int(r.byte())
	m.classes = int(r.uint32())
	m.offset, m.scale = r.float64(), r.float64()
	if r.err != nil {
		return nil, r.err
	}
	if task >= len(tasks) || !(m.scale >= 0 && m.scale <= math.MaxFloat64) || !(math.Abs(m.offset) <= math.MaxFloat64) {
		return nil, errRange
	}
	m.task = tasks[task]
	if m.task == learn.Multiclass && (m.classes < 3 || m.classes > len(data)) {
		return nil, errRange
	}
	m.columns = make([]column, r.count(2))
	for i := range m.columns {
		if err := r.column(&m.columns[i]); err != nil {
			return nil, err
		}
	}
	m.trees = make([]tree, r.count(4))
	for i := range m.trees {
		if err := r.tree(&m.trees[i], len(m.columns), m.Width()); err != nil {
			return nil, err
		}
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case len(m.trees) == 0 || len(r.data) > 0:
		return nil, errors.New("no trees, or more after the last one")
	}
	return m, nil
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
		return make([]byte, min(n, 8))
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
	kind, n := r.byte(), int(r.byte())
	switch kind {
	case 0:
		for range n {
			c.cuts = append(c.cuts, r.float64())
		}
		for i, x := range c.cuts {
			if !(math.Abs(x) <= math.MaxFloat64) || i > 0 && x <= c.cuts[i-1] {
				return errRange
			}
		}
	case 1:
		c.text = true
		for range n {
			c.levels = append(c.levels, int32(r.uint32()))
		}
		for range n {
			c.codes = append(c.codes, r.byte())
		}
		c.other = r.byte()
		if !slices.IsSorted(c.levels) || n > 0 && c.levels[0] < 0 {
			return errRange
		}
	default:
		return errRange
	}
	return r.err
}

func (r *reader) tree(t *tree, columns, width int) error {
	t.nodes = make([]node, r.count(5))
	leaves := 0
	for i := range t.nodes {
		n := &t.nodes[i]
		first := r.uint32()
		n.column, n.absentLeft, n.cut = int32(first&(1<<31-1))-1, first>>31 == 1, r.byte()
		if n.column >= 0 {
			n.right = int32(r.uint32())
		} else {
			n.right = int32(leaves)
			leaves++
		}
	}
	if r.err != nil {
		return r.err
	}
	if leaves == 0 || int64(leaves)*int64(width+1)*4 > int64(len(r.data)) {
		return errShort
	}
	if !t.inOrder(columns) {
		return errRange
	}
	t.values = make([]float32, leaves*width)
	for i := range t.values {
		t.values[i] = math.Float32frombits(r.uint32())
		if v := float64(t.values[i]); !(math.Abs(v) <= 1e30) {
			return errRange
		}
	}
	t.covers = make([]float32, leaves)
	for i := range t.covers {
		t.covers[i] = math.Float32frombits(r.uint32())
		if v := float64(t.covers[i]); !(v >= 0 && v <= math.MaxFloat32) {
			return errRange
		}
	}
	return r.err
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
