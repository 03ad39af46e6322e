package tree

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// accumulate is its plain loop, for every width of a tile and for columns
// left out.
func TestAccumulate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const rows = 700
	sums := make([]sum, rows)
	var some []uint32
	for i := range sums {
		sums[i] = sum(r.Int64N(1<<40) - 1<<39)
		if r.IntN(3) > 0 {
			some = append(some, uint32(i))
		}
	}
	for width := 1; width <= tileWidth; width++ {
		b := binned{train: rows, all: rows}
		for range width {
			column := make([]uint8, rows)
			for i := range column {
				column[i] = uint8(r.IntN(256))
			}
			b.columns = append(b.columns, column)
		}
		c := newCrew(1)
		b.tile(c)
		c.close()
		inUse := make([]bool, width)
		for j := range inUse {
			inUse[j] = r.IntN(3) > 0
		}
		for _, use := range [][]bool{nil, inUse} {
			got, want := make(histogram, width), make(histogram, width)
			b.tiles[0].accumulate(got, some, sums, use)
			for _, i := range some {
				for j := range width {
					want[j][b.columns[j][i]] += sums[i]
				}
			}
			for j := range want { // columns that are not in use may be left out
				if use != nil && !use[j] && got[j] == (cells{}) {
					want[j] = cells{}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("width %d, columns in use %v: not the plain loop's sums", width, use)
			}
		}
	}
}

// unpack is its plain loop, digit after digit.
func TestUnpack(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	sizes := []int{3, 2, 5, 4}
	packed := make([]sum, 3*2*5*4)
	for p := range packed {
		packed[p] = sum(r.Int64N(1000))
	}
	rest := slices.Clone(packed)
	for i := len(sizes) - 1; i >= 0; i-- {
		stride := 1
		for _, cells := range sizes[:i] {
			stride *= cells
		}
		got, want := make([]sum, sizes[i]), make([]sum, sizes[i])
		unpack(rest, got)
		rest = rest[:stride]
		for p, v := range packed {
			want[p/stride%sizes[i]] += v
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("digit %d: %s", i, diff)
		}
	}
}

// Gradients and hessians survive packing, adding and taking away.
func TestSums(t *testing.T) {
	for _, g := range []int64{-1 << 30, -1, 0, 1, 1 << 30} {
		for _, h := range []int64{0, 1, 1 << 31, 1<<32 - 1} {
			s := sum(g<<32 + h)
			if s.gradient() != g || s.hessian() != h {
				t.Errorf("(%d, %d) became (%d, %d)", g, h, s.gradient(), s.hessian())
			}
			part := sum(-7<<32 + 0)
			if d := s - part; d.gradient() != g+7 || d.hessian() != h {
				t.Errorf("(%d, %d) less (-7, 0) became (%d, %d)", g, h, d.gradient(), d.hessian())
			}
		}
	}
}

// Quantised sums are true to the sums of the gradients, also of many equal
// small ones and of values that few rows dominate.
func TestQuantise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for name, value := range map[string]func(i int) float64{
		"equal": func(int) float64 { return 1e-3 },
		"heavy": func(int) float64 { x := r.Float64(); return 1/(x*x) - 1 },
		"mixed": func(int) float64 { return r.NormFloat64() },
	} {
		const n = 200000
		pairs := make([]sum, n)
		var gradients, hessians, size float64
		for i := range pairs {
			g := value(i)
			pairs[i] = pair(g, g*g/(1+g*g))
			g, h := pairs[i].unpair()
			gradients += g
			size += max(g, -g)
			hessians += h
		}
		q := newQuantiser(n, size, hessians, false, 5)
		total := q.quantise(pairs, 0, n)
		if got := float64(total.gradient()) / q.gradient; !(max(got-gradients, gradients-got) < 1e-6*size) {
			t.Errorf("%s: sum of gradients %g became %g", name, gradients, got)
		}
		if got := float64(total.hessian()) / q.hessian; !(max(got-hessians, hessians-got) < 1e-6*hessians) {
			t.Errorf("%s: sum of hessians %g became %g", name, hessians, got)
		}
	}
}
