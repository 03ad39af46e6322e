package tree

import (
	"math"

	"github.com/septet-ml/septet/learn/portable"
)

// walker is a model's trees laid out for walking. A row is first turned into
// codes, one byte per slot; a node then compares one byte.
//
// A feature split at cuts has up to two slots, one for nodes that send missing
// left (missing is 0 there) and one for those that send it right (255). A
// feature split by sets has one slot, its bin.
type walker struct {
	slots []slot
	steps []step   // of all trees, one after another
	loads []uint32 // by step: a leaf's value as float32 bits, or the number of a set
	sets  []Set
	roots []int32 // first step of each tree
}

// slot says how a value becomes a code.
type slot struct {
	column  int
	missing uint8
	ruler   ruler   // numbers
	levels  []uint8 // Text columns: the code of each level
}

// step is a node: a code goes down steps further on, one more if it is above
// cut. A leaf stays where it is: down is 0 and cut is 255.
type step struct {
	slot uint32
	down uint16
	cut  uint8
	set  bool // the code's bit in a set decides, not cut
}

// code is the byte of a value.
func (s *slot) code(x float64) uint8 {
	switch {
	case x != x:
		return s.missing
	case s.ruler != nil:
		return s.ruler.bin(x)
	case x >= 0 && x < float64(len(s.levels)):
		return s.levels[int(x)]
	}
	return s.missing
}

func newWalker(m *Model) walker {
	nodes, sets := 0, 0
	for i := range m.Trees {
		nodes, sets = nodes+len(m.Trees[i].Nodes), sets+len(m.Trees[i].Sets)
	}
	w := walker{
		steps: make([]step, 0, nodes), loads: make([]uint32, 0, nodes), sets: make([]Set, 0, sets),
		roots: make([]int32, 0, len(m.Trees)+1),
	}
	place := make([][2]uint32, len(m.Features)) // 1 + number of the slot for missing right, and left; 0: none yet
	slotOf := func(n *Node) uint32 {
		f, side := &m.Features[n.Feature], 0
		if n.MissingLeft && !f.Set {
			side = 1
		}
		at := &place[n.Feature][side]
		if *at == 0 {
			w.slots = append(w.slots, newSlot(f, n.MissingLeft))
			*at = uint32(len(w.slots))
		}
		return *at - 1
	}
	for _, t := range m.Trees {
		w.roots = append(w.roots, int32(len(w.steps)))
		for i := range t.Nodes {
			n := &t.Nodes[i]
			s, load := step{cut: 255}, math.Float32bits(n.Value)
			if n.Feature >= 0 {
				s = step{slot: slotOf(n), down: uint16(int(n.Left) - i), cut: n.Cut}
				load = 0
				if f := &m.Features[n.Feature]; f.Set {
					s.set = true
					load = uint32(len(w.sets))
					bins := t.Sets[n.Set]
					bins[f.missing>>6] &^= 1 << (f.missing & 63)
					if n.MissingLeft {
						bins.add(f.missing)
					}
					w.sets = append(w.sets, bins)
				}
			}
			w.steps = append(w.steps, s)
			w.loads = append(w.loads, load)
		}
	}
	w.roots = append(w.roots, int32(len(w.steps)))
	return w
}

func newSlot(f *Feature, missingLeft bool) slot {
	s := slot{column: f.Column, missing: 255}
	if missingLeft {
		s.missing = 0
	}
	switch {
	case f.Set:
		s.missing = uint8(f.missing)
		s.levels = make([]uint8, len(f.Bins))
		for c := range s.levels {
			if s.levels[c] = s.missing; f.Bins[c] >= 0 {
				s.levels[c] = uint8(f.Bins[c])
			}
		}
	case f.Levels != nil:
		r := newRuler(f.Cuts)
		s.levels = make([]uint8, len(f.Levels))
		for c, x := range f.Levels {
			if s.levels[c] = s.missing; x == x {
				s.levels[c] = r.bin(x)
			}
		}
	default:
		s.ruler = newRuler(f.Cuts)
	}
	return s
}

// rowsAtOnce is how many rows walk a tree before the next tree is loaded.
const rowsAtOnce = 64

// Predict is described at learn.Model.
func (m *Model) Predict(x, out []float64) {
	width := m.Width()
	for n := len(out) / width; n > 0; n = len(out) / width {
		n = min(n, rowsAtOnce)
		m.margins(x[:n*m.Columns], out[:n*width])
		for i := range n {
			m.link(out[i*width : (i+1)*width])
		}
		x, out = x[n*m.Columns:], out[n*width:]
	}
}

// margins adds up trees for up to rowsAtOnce rows: base + unit × sum of
// leaves, the leaves in the order of the trees.
func (m *Model) margins(x, out []float64) {
	width := m.Width()
	n := len(out) / width
	var buffer [2048]uint8
	codes := buffer[:0]
	for i := range n {
		codes = m.codes(codes, x[i*m.Columns:(i+1)*m.Columns])
	}
	clear(out)
	i := 0
	for ; i+4 <= n; i += 4 {
		m.fourRows(codes[i*m.width():], out[i*width:])
	}
	for ; i < n; i++ {
		m.oneRow(codes[i*m.width():(i+1)*m.width()], out[i*width:(i+1)*width])
	}
	for i := range out {
		out[i] = finite(m.Base[i%width] + float64(m.Unit*out[i]))
	}
}

// width is the number of codes of a row: one per slot, and one that is not
// used, so that leaves have something to read.
func (w *walker) width() int { return len(w.slots) + 1 }

// codes appends a row's codes.
func (w *walker) codes(to []uint8, row []float64) []uint8 {
	for j := range w.slots {
		s := &w.slots[j]
		to = append(to, s.code(row[s.column]))
	}
	return append(to, 0)
}

// next is where a row of codes goes from step at.
func (w *walker) next(at uint32, codes []uint8) uint32 {
	s := w.steps[at]
	code := uint32(codes[s.slot])
	if s.set {
		return at + uint32(s.down) + 1 - uint32(w.sets[w.loads[at]][code>>6]>>(code&63)&1)
	}
	return at + uint32(s.down) + (uint32(s.cut)-code)>>31
}

// value is the value of leaf at.
func (w *walker) value(at uint32) float64 { return float64(math.Float32frombits(w.loads[at])) }

// fourRows adds each tree's leaves to four rows' scores. Four walks at a time
// keep the processor busy while each waits for its next step.
func (m *Model) fourRows(codes []uint8, out []float64) {
	n, width := m.width(), m.Width()
	c0, c1, c2, c3 := codes[:n], codes[n:2*n], codes[2*n:3*n], codes[3*n:4*n]
	for t := range m.Trees {
		root := uint32(m.roots[t])
		a, b, c, d := m.walk([4]uint32{root, root, root, root}, c0, c1, c2, c3)
		k := t % width
		out[k] += m.value(a)
		out[k+width] += m.value(b)
		out[k+2*width] += m.value(c)
		out[k+3*width] += m.value(d)
	}
}

// oneRow adds each tree's leaf to the row's scores, four trees at a time.
func (m *Model) oneRow(codes []uint8, out []float64) {
	t, k := 0, 0
	add := func(at uint32) {
		out[k] += m.value(at)
		if k++; k == len(out) {
			k = 0
		}
	}
	for ; t+4 <= len(m.Trees); t += 4 {
		r := m.roots[t : t+4]
		a, b, c, d := m.walk([4]uint32{uint32(r[0]), uint32(r[1]), uint32(r[2]), uint32(r[3])}, codes, codes, codes, codes)
		add(a)
		add(b)
		add(c)
		add(d)
	}
	for ; t < len(m.Trees); t++ {
		root := uint32(m.roots[t])
		a, _, _, _ := m.walk([4]uint32{root, root, root, root}, codes, codes, codes, codes)
		add(a)
	}
}

// walk follows four walks to their leaves.
func (w *walker) walk(from [4]uint32, c0, c1, c2, c3 []uint8) (a, b, c, d uint32) {
	a, b, c, d = from[0], from[1], from[2], from[3]
	for {
		nextA, nextB, nextC, nextD := w.next(a, c0), w.next(b, c1), w.next(c, c2), w.next(d, c3)
		if nextA == a && nextB == b && nextC == c && nextD == d {
			return a, b, c, d
		}
		a, b, c, d = nextA, nextB, nextC, nextD
	}
}

// link turns a row's margins into its prediction in place.
func (m *Model) link(row []float64) {
	switch m.Loss {
	case logistic:
		row[0] = portable.Sigmoid(row[0])
	case softmax:
		portable.Softmax(row)
	}
}
