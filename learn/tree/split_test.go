package tree

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomBins are cells of a node, some of them empty.
func randomBins(r *rand.Rand, n int) (bins []sum, total sum) {
	bins = make([]sum, n)
	for b := range bins {
		if r.IntN(4) > 0 {
			bins[b] = sum(r.Int64N(2001)-1000)<<32 + sum(1+r.Int64N(300))
		}
		total += bins[b]
	}
	return bins, total
}

// gain is the fall in twice the loss that a division brings, by definition.
func (s *search) plainGain(left, total sum) float64 {
	score := func(v sum) float64 {
		g := float64(v.gradient())
		return g * g / (float64(v.hessian()) + s.l2)
	}
	return (score(left) + score(total-left) - score(total)) * s.toGain
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

// The best cut is as good as the best of all cuts with missing on both sides,
// and its left sum is that of its bins.
func TestCutsAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for trial := range 500 {
		bins, total := randomBins(r, 2+r.IntN(20))
		s := search{l2: float64(r.IntN(3) * 50), least: float64(r.IntN(200)), toGain: 0.5}
		f := feature{bins: len(bins), cells: len(bins)}
		if trial%2 == 0 {
			f.bins--
		}
		s.binned = &binned{features: []feature{f}}
		n := node{total: total, rows: 1000}
		got := s.feature(bins, 0, n)

		best := 0.0
		for cut := range f.bins {
			for _, missingLeft := range []bool{false, true} {
				left := sumLeft(bins, &f, &split{cut: uint8(cut), missing: missingLeft})
				h, other := float64(left.hessian()), float64((total - left).hessian())
				if h >= max(1, s.least) && other >= max(1, s.least) {
					best = max(best, s.plainGain(left, total))
				}
			}
		}
		if !near(got.gain, best) && best > 1e-6 {
			t.Fatalf("trial %d: gain %g, best of all %g", trial, got.gain, best)
		}
		if got.gain > 0 && sumLeft(bins, &f, &got) != got.left {
			t.Fatalf("trial %d: the left sum is not that of the left bins", trial)
		}
	}
}

func sumLeft(bins []sum, f *feature, s *split) sum {
	left := sum(0)
	for b, v := range bins {
		if s.isLeft(f, b) {
			left += v
		}
	}
	return left
}

// Without regularisation the best set of levels is as good as the best of all
// 2^n sets.
func TestSetsAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for trial := range 200 {
		bins, total := randomBins(r, 2+r.IntN(7))
		s := search{setSize: len(bins), toGain: 1}
		f := feature{kind: set, bins: len(bins), cells: len(bins)}
		s.binned = &binned{features: []feature{f}}
		got := s.feature(bins, 0, node{total: total, rows: 1000})
		best := 0.0
		for mask := range 1 << len(bins) {
			left := sum(0)
			for b, v := range bins {
				if mask>>b&1 == 1 {
					left += v
				}
			}
			if left.hessian() >= 1 && (total-left).hessian() >= 1 {
				best = max(best, s.plainGain(left, total))
			}
		}
		if !near(got.gain, best) && best > 1e-6 {
			t.Fatalf("trial %d: gain %g, best of all %g", trial, got.gain, best)
		}
		if got.gain > 0 && sumLeft(bins, &f, &got) != got.left {
			t.Fatalf("trial %d: the left sum is not that of the left levels", trial)
		}
	}
}

// A cut under a direction is as good as the best of those that keep it.
func TestBoundedAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for trial := range 500 {
		bins, total := randomBins(r, 2+r.IntN(20))
		s := search{l2: 20, toGain: 1, step: 1}
		direction := int8(r.IntN(3) - 1)
		n := node{total: total, rows: 1000, lower: -r.Float64() * 3, upper: r.Float64() * 3}
		got := s.bounded(bins, 0, direction, n)
		loss := func(v sum) (value, loss float64) {
			g, h := float64(v.gradient()), float64(v.hessian())+s.l2
			value = min(max(-g/h, n.lower), n.upper)
			return value, 2*g*value + h*value*value
		}
		_, before := loss(total)
		best, left := 0.0, sum(0)
		for _, v := range bins[:len(bins)-1] {
			left += v
			l, lossLeft := loss(left)
			r, lossRight := loss(total - left)
			if float64(direction)*(r-l) >= 0 && left.hessian() > 0 && (total-left).hessian() > 0 {
				best = max(best, before-lossLeft-lossRight)
			}
		}
		if !near(got.gain, best) && best > 1e-6 {
			t.Fatalf("trial %d: gain %g, best of all %g", trial, got.gain, best)
		}
	}
}

// Parts of rows keep their order, alone and by a crew.
func TestPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	column := make([]uint8, 5000)
	for i := range column {
		column[i] = uint8(r.IntN(256))
	}
	to := new(side)
	for b := range to {
		to[b] = uint8(r.IntN(2))
	}
	c := newCrew(3)
	defer c.close()
	for _, n := range []int{0, 1, 2, 100, 5000} {
		rows := make([]uint32, n)
		var left, right []uint32
		for k := range rows {
			rows[k] = uint32(r.IntN(len(column)))
			if to[column[rows[k]]] == 1 {
				left = append(left, rows[k])
			} else {
				right = append(right, rows[k])
			}
		}
		want := append(append([]uint32{}, left...), right...)
		for name, divide := range map[string]func(rows, spare []uint32, column []uint8, to *side) int{
			"alone": partition, "crew": c.partition,
		} {
			got := append([]uint32{}, rows...)
			if n := divide(got, make([]uint32, n), column, to); n != len(left) {
				t.Errorf("%s: %d rows left, want %d", name, n, len(left))
			}
			for k := range got {
				if got[k] != want[k] {
					t.Fatalf("%s: row %d is %d, want %d", name, k, got[k], want[k])
				}
			}
		}
	}
}

// What is taken off for chance is what a set of levels without meaning gains
// over a number without meaning.
func TestSetChance(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	const trials, rows, spread = 400, 4000, 1000
	cut := 0.0
	for _, levels := range []int{0, 8, 20, 60, 250} {
		gain, chance := 0.0, 0.0
		for range trials {
			bins := make([]sum, max(levels, 200))
			if levels > 0 {
				bins = bins[:levels]
			}
			total := sum(0)
			for range rows {
				b := r.IntN(len(bins))
				if levels > 0 { // levels of unequal sizes
					b = int(float64(levels) * math.Pow(r.Float64(), 1.5))
				}
				v := sum(int64(r.NormFloat64()*spread))<<32 + 1
				bins[b] += v
				total += v
			}
			f := feature{kind: set, bins: len(bins), cells: len(bins)}
			if levels == 0 {
				f.kind = number
			}
			s := search{binned: &binned{features: []feature{f}}, setSize: 255, toGain: 1}
			n := node{total: total, rows: rows}
			before := s.feature(bins, 0, n).gain
			s.chance = 2 / math.Pi * spread * spread
			gain += before / trials / spread / spread
			chance += (before - s.feature(bins, 0, n).gain) / trials / spread / spread
		}
		if levels == 0 {
			cut = gain
		} else if math.Abs(gain-chance-cut) > 2+0.1*gain {
			t.Errorf("%d levels gain %.1f by chance, a cut %.1f, %.1f are taken off", levels, gain, cut, chance)
		}
		t.Logf("%d levels: gain %.1f, taken off %.1f", levels, gain, chance)
	}
}
