package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
)

// The binary form of a model: a version byte, then numbers as unsigned varints
// or little-endian floats, in the order of the code below. Trees are level by
// level, so that the numbers of children need not be written.

// formatVersion is the first byte of a model.
const formatVersion = 1

var (
	tasks  = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}
	losses = []Loss{logistic, softmax, Squared, Absolute, Quantile}
)

// MarshalBinary is the model as bytes that Decode reads.
func (m *Model) MarshalBinary() ([]byte, error) {
	w := writer{formatVersion}
	w.uint(indexOf(tasks, m.Task))
	w.uint(indexOf(losses, m.Loss))
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

func indexOf[T comparable](list []T, x T) int {
	for i := range list {
		if list[i] == x {
			return i
		}
	}
	panic("tree: a model of an unknown task or loss")
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
	r := reader{data: data}
	m := r.model()
	if r.err == nil && len(r.data) > 0 {
		r.err = errors.New("bytes after the end")
	}
	if r.err != nil {
		return nil, fmt.Errorf("decode %s: %w", Name, r.err)
	}
	m.walker = newWalker(m)
	return m, nil
}

// reader reads from the front of data; after the first error all is zero.
type reader struct {
	data []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.data = nil
}

// uint reads a number from 0 to most.
func (r *reader) uint(most int, what string) int {
	x, n := binary.Uvarint(r.data)
	if n <= 0 || x > uint64(most) {
		r.fail("%s is cut off or above %d", what, most)
		return 0
	}
	r.data = r.data[n:]
	return int(x)
}

// count reads the length of a list whose entries take at least each bytes.
func (r *reader) count(most, each int, what string) int {
	return r.uint(min(most, len(r.data)/each), what)
}

func (r *reader) take(n int, what string) []byte {
	if len(r.data) < n {
		r.fail("%s is cut off", what)
		return make([]byte, n)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) float(what string) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8, what)))
}

func (r *reader) finite(what string) float64 {
	x := r.float(what)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		r.fail("%s is not finite", what)
	}
	return x
}

func (r *reader) float32(what string) float32 {
	x := math.Float32frombits(binary.LittleEndian.Uint32(r.take(4, what)))
	if x != x || math.IsInf(float64(x), 0) {
		r.fail("%s is not finite", what)
	}
	return x
}

func (r *reader) model() *Model {
	if v := r.take(1, "version"); r.err == nil && v[0] != formatVersion {
		r.fail("version %d, this program reads %d", v[0], formatVersion)
	}
	m := &Model{
		Task: tasks[r.uint(len(tasks)-1, "task")],
		Loss: losses[r.uint(len(losses)-1, "loss")],
	}
	m.Columns = r.uint(math.MaxInt32, "columns")
	outputs := r.count(math.MaxInt32, 8, "outputs")
	regression := m.Loss != logistic && m.Loss != softmax
	if regression != (m.Task == learn.Regression) || (m.Loss == softmax) != (m.Task == learn.Multiclass) ||
		outputs == 0 || (outputs > 1) != (m.Loss == softmax) {
		r.fail("task, loss and outputs do not go together")
	}
	for range outputs {
		m.Base = append(m.Base, r.finite("base"))
	}
	if m.Unit = r.finite("unit"); !(m.Unit > 0) {
		r.fail("unit is not positive")
	}
	m.Features = make([]Feature, r.count(math.MaxInt32, 3, "features"))
	for i := range m.Features {
		r.feature(m, &m.Features[i])
	}
	trees := r.count(math.MaxInt32, 3, "trees")
	for range trees {
		if r.err != nil {
			break
		}
		m.Trees = append(m.Trees, r.tree(m))
	}
	if r.err == nil && trees%outputs != 0 {
		r.fail("trees of an unfinished round")
	}
	return m
}

func (r *reader) feature(m *Model, f *Feature) {
	if f.Column = r.uint(math.MaxInt32, "column"); r.err == nil && f.Column >= m.Columns {
		r.fail("column out of range")
	}
	kind := r.uint(writtenSet, "kind")
	if kind == writtenSet {
		f.Set = true
		f.missing = r.uint(maxBins, "bins")
		f.Bins = make([]int16, r.count(math.MaxInt32, 1, "levels"))
		for i := range f.Bins {
			f.Bins[i] = int16(r.uint(f.missing, "bin") - 1)
		}
		return
	}
	if kind == writtenTarget {
		f.Levels = make([]float64, r.count(math.MaxInt32, 8, "levels"))
		for i := range f.Levels {
			f.Levels[i] = r.float("level")
		}
	}
	f.Cuts = make([]float64, r.count(maxBins-1, 8, "cuts"))
	for i := range f.Cuts {
		if f.Cuts[i] = r.finite("cut"); r.err == nil && i > 0 && f.Cuts[i] <= f.Cuts[i-1] {
			r.fail("cuts do not rise")
		}
	}
}

func (r *reader) tree(m *Model) Tree {
	nodes := make([]Node, r.count(2*maxLeaves-1, 5, "nodes"))
	if len(nodes) == 0 {
		r.fail("a tree without nodes")
		return Tree{}
	}
	t := Tree{Nodes: nodes}
	nodes[0].Cover = uint32(r.uint(math.MaxUint32, "cover"))
	depth := make([]int, len(nodes))
	next := 1
	for i := range nodes {
		if i >= next {
			r.fail("a node without parent")
			break
		}
		n := &nodes[i]
		n.Feature = int32(r.uint(len(m.Features), "feature") - 1)
		if n.Feature < 0 {
			n.Value = r.float32("value")
			continue
		}
		if next+2 > len(nodes) {
			r.fail("a split without children")
			break
		}
		n.Left = int32(next)
		if depth[next], depth[next+1] = depth[i]+1, depth[i]+1; depth[next] > maxDepth {
			r.fail("a tree deeper than %d", maxDepth)
			break
		}
		next += 2
		n.MissingLeft = r.uint(1, "missing") == 1
		if f := &m.Features[n.Feature]; f.Set {
			n.Set = int32(len(t.Sets))
			var bins Set
			for k := range f.missing/64 + 1 {
				bins[k] = binary.LittleEndian.Uint64(r.take(8, "set"))
			}
			t.Sets = append(t.Sets, bins)
		} else if n.Cut = r.take(1, "cut")[0]; int(n.Cut) > len(f.Cuts) {
			r.fail("cut out of range")
		}
		n.Gain = r.float32("gain")
		left := uint32(r.uint(int(n.Cover), "cover"))
		nodes[n.Left].Cover, nodes[n.Left+1].Cover = left, n.Cover-left
	}
	return t
}
