package tree

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
)

// leveled is a search of one feature over some random nodes.
func leveled(r *rand.Rand, f feature, s search) *leveler {
	s.binned = &binned{features: []feature{f}, members: [][]int32{{0}}}
	l := &leveler{search: &s}
	for range 1 + r.IntN(5) {
		bins, total := randomBins(r, f.cells)
		l.nodes = append(l.nodes, node{total: total, rows: 1000, lower: math.Inf(-1), upper: math.Inf(1)})
		l.cells = append(l.cells, bins)
	}
	return l
}

// plain is the sum of the gains of those nodes that s divides well, by
// definition.
func (l *leveler) plain(f *feature, s *split) float64 {
	total := 0.0
	for i, n := range l.nodes {
		left := sumLeft(l.cells[i], f, s)
		h, other := float64(left.hessian()), float64((n.total - left).hessian())
		if h >= l.child(n) && other >= l.child(n) {
			total += max(0, l.plainGain(left, n.total))
		}
	}
	return total
}

// The cut that the nodes of a level share is as good as the best of all cuts
// with missing on both sides.
func TestSharedCutsAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for trial := range 500 {
		cells := 2 + r.IntN(20)
		f := feature{bins: cells - trial%2, cells: cells}
		l := leveled(r, f, search{l2: float64(r.IntN(3) * 50), least: float64(r.IntN(200)), minRows: float64(r.IntN(2) * 100), toGain: 0.5})
		got := l.feature(0)
		best := 0.0
		for cut := range f.bins {
			for _, missingLeft := range []bool{false, true} {
				best = max(best, l.plain(&f, &split{cut: uint8(cut), missing: missingLeft}))
			}
		}
		if !near(got.gain*l.toGain, best) && best > 1e-6 {
			t.Fatalf("trial %d: gain %g, best of all %g", trial, got.gain*l.toGain, best)
		}
		if got.gain > 0 && !near(l.plain(&f, &got), best) {
			t.Fatalf("trial %d: the split gains %g, it should %g", trial, l.plain(&f, &got), best)
		}
	}
}

// Without regularisation a set for a single node is as good as the best of all
// 2^n sets; for several its gain is what it says.
func TestSharedSetsAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for trial := range 300 {
		cells := 2 + r.IntN(7)
		f := feature{kind: set, bins: cells, cells: cells}
		l := leveled(r, f, search{setSize: cells, toGain: 1})
		if trial%2 == 0 {
			l.nodes, l.cells = l.nodes[:1], l.cells[:1]
		}
		got := l.feature(0)
		best := 0.0
		for mask := range 1 << cells {
			best = max(best, l.plain(&f, &split{levels: Set{uint64(mask)}}))
		}
		if len(l.nodes) == 1 && !near(got.gain, best) && best > 1e-6 || got.gain > best*(1+1e-9) {
			t.Fatalf("trial %d: gain %g, best of all %g", trial, got.gain, best)
		}
		if got.gain > 0 && !near(l.plain(&f, &got), got.gain) {
			t.Fatalf("trial %d: the set gains %g, it says %g", trial, l.plain(&f, &got), got.gain)
		}
	}
}

// Under a direction the nodes that a cut would order against it do not count.
func TestSharedBoundedAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	for trial := range 300 {
		cells := 2 + r.IntN(20)
		f := feature{bins: cells, cells: cells}
		direction := int8(r.IntN(3) - 1)
		l := leveled(r, f, search{l2: 20, toGain: 1, step: 1, monotone: []int8{direction}})
		for i := range l.nodes {
			l.nodes[i].lower, l.nodes[i].upper = -r.Float64()*3, r.Float64()*3
		}
		got, best := l.feature(0), 0.0
		for cut := range cells {
			total := 0.0
			for i, n := range l.nodes {
				loss := func(v sum) (value, loss float64) {
					g, h := float64(v.gradient()), float64(v.hessian())+l.l2
					value = min(max(-g/h, n.lower), n.upper)
					return value, 2*g*value + h*value*value
				}
				left := sumLeft(l.cells[i], &f, &split{cut: uint8(cut)})
				vl, lossLeft := loss(left)
				vr, lossRight := loss(n.total - left)
				_, before := loss(n.total)
				if left.hessian() > 0 && (n.total-left).hessian() > 0 && float64(direction)*(vr-vl) >= 0 {
					total += max(0, before-lossLeft-lossRight)
				}
			}
			best = max(best, total)
		}
		if !near(got.gain, best) && best > 1e-6 {
			t.Fatalf("trial %d: gain %g, best of all %g", trial, got.gain, best)
		}
	}
}

// Features that share a packed column are searched as if they had one each.
func TestSharedSplitsOfPackedColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	const cells = 3 * 2 * 5
	packed := &binned{
		features: []feature{{bins: 3, cells: 3, stride: 1}, {bins: 1, cells: 2, stride: 3}, {kind: set, bins: 5, cells: 5, stride: 6}},
		members:  [][]int32{{0, 1, 2}},
	}
	s := search{binned: packed, setSize: 5, toGain: 1}
	l := leveler{search: &s}
	var level []*bud
	for range 6 {
		bins, total := randomBins(r, cells)
		b := &bud{node: node{total: total, rows: 1000}, hist: make(histogram, 1)}
		copy(b.hist[0][:], bins)
		level = append(level, b)
	}
	l.load(level, 0, cells)
	got := map[int32]split{}
	l.column(0, nil, func(s split) { got[s.feature] = s })
	for m, f := range packed.features {
		alone := leveler{search: &s}
		for _, b := range level {
			c := make([]sum, f.cells)
			for p, v := range b.hist[0][:cells] {
				c[p/f.stride%f.cells] += v
			}
			alone.nodes, alone.cells = append(alone.nodes, b.node), append(alone.cells, c)
		}
		want := alone.feature(int32(m))
		want.feature = int32(m)
		if got[int32(m)] != want {
			t.Errorf("feature %d: %+v, alone %+v", m, got[int32(m)], want)
		}
	}
}

// A tree asks at most one question per level, in the same order on every path.
func TestSymmetricTreesShareTheirSplits(t *testing.T) {
	for _, task := range tasksToLearn {
		for levels := 1; levels <= maxSymmetric; levels += 3 {
			b := Boost{Rounds: 5, Symmetric: levels, MinRows: 3, Noise: 1, RowFraction: 0.9}
			m := fitted(t, b, taskData(3000, 19, task), nil, 2)
			for k := range m.Trees {
				if n := len(questions(t, &m.Trees[k])); n > levels || k == 0 && n < levels {
					t.Errorf("%s: tree %d of %d levels asks %d questions", task, k, levels, n)
				}
			}
		}
	}
}

// questions are the splits of a tree, in the order of its paths; it fails
// where two paths ask the same in another order.
func questions(t *testing.T, tree *Tree) []string {
	t.Helper()
	after := map[string]map[string]bool{}
	var walk func(i int32, above []string)
	walk = func(i int32, above []string) {
		n := &tree.Nodes[i]
		if n.Feature < 0 {
			return
		}
		q := fmt.Sprint(n.Feature, n.Cut, n.MissingLeft)
		if len(tree.Sets) > 0 {
			q = fmt.Sprint(q, tree.Sets[n.Set])
		}
		if after[q] == nil {
			after[q] = map[string]bool{}
		}
		for _, a := range above {
			after[a][q] = true
		}
		above = append(slices.Clone(above), q)
		walk(n.Left, above)
		walk(n.Left+1, above)
	}
	walk(0, nil)
	var out []string
	for q, below := range after {
		for other := range below {
			if after[other][q] {
				t.Errorf("%q and %q are asked in both orders", q, other)
			}
		}
		out = append(out, q)
	}
	return out
}

// Where there is room for few histograms a tree has fewer levels.
func TestSymmetricShortOfMemory(t *testing.T) {
	f := fitOf(t, Boost{Rounds: 1, Symmetric: 6}, taskData(3000, 20, learn.Binary), nil)
	f.trees, f.rounds = nil, 0
	clear(f.goal.score[0])
	f.grower.store.most = 4
	if err := f.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(questions(t, &f.trees[0])); n != 3 {
		t.Errorf("%d levels, want 3", n)
	}
	if f.grower.store.lent != 0 {
		t.Errorf("%d histograms were not given back", f.grower.store.lent)
	}
}

// The noise of splits has mean 0 and deviation 1.
func TestNormal(t *testing.T) {
	const n = 100000
	mean, square := 0.0, 0.0
	for i := range n {
		x := normal(portable.Mix(uint64(i)))
		mean += x / n
		square += x * x / n
	}
	if math.Abs(mean) > 0.01 || math.Abs(square-1) > 0.02 {
		t.Errorf("mean %.4f, square %.4f", mean, square)
	}
}
