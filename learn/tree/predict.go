package tree

import "math"

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
	edges
}

// slot says how a value becomes a code.
type slot struct {
	column  int
	missing uint8
	ruler   *ruler  // numbers
	levels  []uint8 // Text columns: the code of each level
}

// step is a node: a code above cut goes to the step after left, others to
// left. A leaf stays where it is.
type step struct {
	slot uint32
	left uint16 // counted from the tree's root
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
	w := walker{}
	place := make(map[[2]int32]uint32)
	slotOf := func(n *Node) uint32 {
		at := [2]int32{n.Feature, 0}
		if n.MissingLeft && !m.Features[n.Feature].Set {
			at[1] = 1
		}
		if _, ok := place[at]; !ok {
			place[at] = uint32(len(w.slots))
			w.slots = append(w.slots, newSlot(&m.Features[n.Feature], n.MissingLeft))
		}
		return place[at]
	}
	for _, t := range m.Trees {
		w.roots = append(w.roots, int32(len(w.steps)))
		for i := range t.Nodes {
			n := &t.Nodes[i]
			s, load := step{left: uint16(i), cut: 255}, math.Float32bits(n.Value)
			if n.Feature >= 0 {
				s = step{slot: slotOf(n), left: uint16(n.Left), cut: n.Cut}
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
	w.edges = newEdges(m, &w)
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
	codes := make([]uint8, 0, n*len(m.slots))
	for i := range n {
		codes = m.codes(codes, x[i*m.Columns:(i+1)*m.Columns])
	}
	clear(out)
	for t := range m.Trees {
		k := t % width
		steps := m.steps[m.roots[t]:m.roots[t+1]]
		loads := m.loads[m.roots[t]:m.roots[t+1]]
		for i := range n {
			at := m.leaf(steps, loads, codes[i*len(m.slots):(i+1)*len(m.slots)])
			out[i*width+k] += float64(math.Float32frombits(loads[at]))
		}
	}
	for i := range out {
		out[i] = finite(m.Base[i%width] + float64(m.Unit*out[i]))
	}
}

// codes appends a row's codes.
func (w *walker) codes(to []uint8, row []float64) []uint8 {
	for j := range w.slots {
		s := &w.slots[j]
		to = append(to, s.code(row[s.column]))
	}
	return to
}

// next is the step after s, counted from the root.
func (w *walker) next(s step, load uint32, codes []uint8) int {
	code := codes[s.slot]
	if s.set && !w.sets[load].has(int(code)) || !s.set && code > s.cut {
		return int(s.left) + 1
	}
	return int(s.left)
}

// leaf is the number of the leaf that a row of codes falls into.
func (w *walker) leaf(steps []step, loads []uint32, codes []uint8) int {
	at := 0
	for {
		s := steps[at]
		if int(s.left) == at {
			return at
		}
		at = w.next(s, loads[at], codes)
	}
}

// link turns a row's margins into its prediction in place.
func (m *Model) link(row []float64) {
	switch m.Loss {
	case logistic:
		row[0] = sigmoid(row[0])
	case softmax:
		top := row[0]
		for _, v := range row {
			top = max(top, v)
		}
		total := 0.0
		for k, v := range row {
			row[k] = exp(v - top)
			total += row[k]
		}
		for k := range row {
			row[k] /= total
		}
	}
}
