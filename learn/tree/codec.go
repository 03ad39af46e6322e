package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
)

// The binary form of a model: a version byte, then numbers as unsigned varints
// or little-endian floats, in the order of the code below. Trees are level by
// level, so that the numbers of children need not be written.

// formatVersion is the first byte of a model.
const formatVersion = 1

// losses by their number in a file.
var losses = []Loss{logistic, softmax, Squared, Absolute, Quantile}

// MarshalBinary is the model as bytes that Decode reads.
func (m *Model) MarshalBinary() ([]byte, error) {
	w := writer(wire.AppendTask([]byte{formatVersion}, m.Task))
	w.uint(slices.Index(losses, m.Loss))
	w.uint(m.Columns)
	w.uint(len(m.Base))
	for _, b := range m.Base {
		w.float(b)
	}
	w.float(m.Unit)
	w.uint(len(m.Features))
	for i := range m.Features {
		w.feature(&m.Features[i])
	}
	w.uint(len(m.Trees))
	for _, t := range m.Trees {
		w.uint(len(t.Nodes))
		w.uint(int(t.Nodes[0].Cover))
		for i := range t.Nodes {
			w.node(m, &t, &t.Nodes[i])
		}
	}
	return w, nil
}

type writer []byte

func (w *writer) uint(x int)      { *w = binary.AppendUvarint(*w, uint64(x)) }
func (w *writer) float(x float64) { *w = binary.LittleEndian.AppendUint64(*w, math.Float64bits(x)) }

func (w *writer) float32(x float32) { *w = binary.LittleEndian.AppendUint32(*w, math.Float32bits(x)) }

// The kinds of features in the binary form.
const (
	writtenNumber = iota
	writtenTarget
	writtenSet
)

func (w *writer) feature(f *Feature) {
	w.uint(f.Column)
	switch {
	case f.Set:
		w.uint(writtenSet)
		w.uint(f.missing)
		w.uint(len(f.Bins))
		for _, b := range f.Bins {
			w.uint(int(b) + 1)
		}
		return
	case f.Levels != nil:
		w.uint(writtenTarget)
		w.uint(len(f.Levels))
		for _, x := range f.Levels {
			w.float(x)
		}
	default:
		w.uint(writtenNumber)
	}
	w.uint(len(f.Cuts))
	for _, c := range f.Cuts {
		w.float(c)
	}
}

func (w *writer) node(m *Model, t *Tree, n *Node) {
	w.uint(int(n.Feature) + 1)
	if n.Feature < 0 {
		w.float32(n.Value)
		return
	}
	if n.MissingLeft {
		w.uint(1)
	} else {
		w.uint(0)
	}
	if f := &m.Features[n.Feature]; f.Set {
		for _, bits := range t.Sets[n.Set][:f.missing/64+1] {
			*w = binary.LittleEndian.AppendUint64(*w, bits)
		}
	} else {
		*w = append(*w, n.Cut)
	}
	w.float32(n.Gain)
	w.uint(int(t.Nodes[n.Left].Cover))
}

// Decode reads a model that MarshalBinary wrote. It takes any bytes: what it
// accepts predicts without panics, and its memory is bounded by some hundred
// times the size of data.
func Decode(data []byte) (learn.Model, error) {
	r := reader{Reader: wire.NewReader(data)}
	m := r.model()
	if r.Left() > 0 {
		r.Fail(errors.New("bytes after the end"))
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("decode %s: %w", Name, r.Err())
	}
	m.walker = newWalker(m)
	return m, nil
}

// reader reads the parts of a model.
type reader struct {
	*wire.Reader
	nodes []Node   // memory of the next trees' nodes
	sets  []Set    // those of the last trees, and memory of the next ones
	depth []uint16 // memory of a tree's check
}

// uint reads a number from 0 to most.
func (r *reader) uint(most int) int { return int(r.Uvarint(uint64(most))) }

// count reads the length of a list whose entries take at least each bytes.
func (r *reader) count(most, each int) int { return r.UvarintCount(uint64(most), each) }

func (r *reader) fault(what string) { r.Fail(errors.New(what)) }

func (r *reader) finite() float64 {
	x := r.Float64()
	if !(math.Abs(x) <= math.MaxFloat64) {
		r.Fail(wire.ErrRange)
	}
	return x
}

func (r *reader) finite32() float32 {
	x := r.Float32()
	if !(math.Abs(float64(x)) <= math.MaxFloat32) {
		r.Fail(wire.ErrRange)
	}
	return x
}

func (r *reader) model() *Model {
	if v := r.Byte(); v != formatVersion {
		r.Fail(fmt.Errorf("version %d: %w", v, learn.ErrUnknown))
	}
	m := &Model{Task: r.Task(), Loss: losses[r.uint(len(losses)-1)]}
	m.Columns = r.uint(math.MaxInt32)
	outputs := r.count(math.MaxInt32, 8)
	regression := m.Loss != logistic && m.Loss != softmax
	if regression != (m.Task == learn.Regression) || (m.Loss == softmax) != (m.Task == learn.Multiclass) ||
		outputs == 0 || (outputs > 1) != (m.Loss == softmax) {
		r.fault("task, loss and outputs do not go together")
	}
	for range outputs {
		m.Base = append(m.Base, r.finite())
	}
	if m.Unit = r.finite(); !(m.Unit > 0) {
		r.fault("unit is not positive")
	}
	m.Features = make([]Feature, r.count(math.MaxInt32, 3))
	for i := range m.Features {
		r.feature(m, &m.Features[i])
	}
	m.Trees = make([]Tree, r.count(math.MaxInt32, 3))
	for i := range m.Trees {
		if m.Trees[i] = r.tree(m); r.Err() != nil {
			break
		}
	}
	if r.Err() == nil && len(m.Trees)%outputs != 0 {
		r.fault("trees of an unfinished round")
	}
	return m
}

func (r *reader) feature(m *Model, f *Feature) {
	if f.Column = r.uint(math.MaxInt32); f.Column >= m.Columns {
		r.fault("column out of range")
	}
	kind := r.uint(writtenSet)
	if kind == writtenSet {
		f.Set = true
		f.missing = r.uint(maxBins)
		f.Bins = make([]int16, r.count(math.MaxInt32, 1))
		for i := range f.Bins {
			f.Bins[i] = int16(r.uint(f.missing) - 1)
		}
		return
	}
	if kind == writtenTarget {
		f.Levels = make([]float64, r.count(math.MaxInt32, 8))
		for i := range f.Levels {
			f.Levels[i] = r.Float64()
		}
	}
	f.Cuts = make([]float64, r.count(maxBins-1, 8))
	for i := range f.Cuts {
		if f.Cuts[i] = r.finite(); i > 0 && f.Cuts[i] <= f.Cuts[i-1] {
			r.fault("cuts do not rise")
		}
	}
}

// ahead is how many nodes or sets memory is taken for at a time, unless they
// would need more bytes than there are.
const ahead = 1 << 14

// take is memory for a tree's n nodes.
func (r *reader) take(n int) []Node {
	if n > len(r.nodes) {
		r.nodes = make([]Node, max(n, min(ahead, r.Left()/5)))
	}
	out := r.nodes[:n:n]
	r.nodes = r.nodes[n:]
	return out
}

// set reads a set of feature f and appends it to its tree's, which are the last
// that were read and will be most at the end.
func (r *reader) set(tree []Set, f *Feature, most int) []Set {
	if len(r.sets) == cap(r.sets) {
		r.sets = append(make([]Set, 0, max(most, min(ahead, r.Left()/8))), tree...)
	}
	var bins Set
	for k := range f.missing/64 + 1 {
		bins[k] = r.Uint64()
	}
	r.sets = append(r.sets, bins)
	end := len(r.sets)
	return r.sets[end-len(tree)-1 : end : end]
}

func (r *reader) tree(m *Model) Tree {
	nodes := r.take(r.count(2*maxLeaves-1, 5))
	if len(nodes) == 0 {
		r.fault("a tree without nodes")
		return Tree{}
	}
	t := Tree{Nodes: nodes}
	nodes[0].Cover = uint32(r.uint(math.MaxUint32))
	r.depth = slices.Grow(r.depth[:0], len(nodes))
	depth, next := r.depth[:len(nodes)], 1 // depth of a node is set where its parent is read
	depth[0] = 0
	for i := range nodes {
		if i >= next {
			r.fault("a node without parent")
			break
		}
		n := &nodes[i]
		n.Feature = int32(r.uint(len(m.Features)) - 1)
		if n.Feature < 0 {
			n.Value = r.finite32()
			continue
		}
		if next+2 > len(nodes) {
			r.fault("a split without children")
			break
		}
		n.Left = int32(next)
		if depth[next], depth[next+1] = depth[i]+1, depth[i]+1; depth[next] > maxDepth {
			r.fault("a tree too deep")
			break
		}
		next += 2
		n.MissingLeft = r.uint(1) == 1
		if f := &m.Features[n.Feature]; f.Set {
			n.Set = int32(len(t.Sets))
			t.Sets = r.set(t.Sets, f, len(nodes)/2)
		} else if n.Cut = r.Byte(); int(n.Cut) > len(f.Cuts) {
			r.fault("cut out of range")
		}
		n.Gain = r.finite32()
		left := uint32(r.uint(int(n.Cover)))
		nodes[n.Left].Cover, nodes[n.Left+1].Cover = left, n.Cover-left
	}
	return t
}
