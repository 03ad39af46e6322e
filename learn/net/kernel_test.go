package net

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func draws(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

// The loops that are written for speed have the bits of their definitions.
func TestProductIsThePlainLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		m, n, k := r.IntN(9), 1+r.IntN(11), r.IntN(20)
		a, b, start := draws(r, m*k), draws(r, n*k), draws(r, n)
		if r.IntN(3) == 0 {
			start = nil
		}
		got, want := make([]float32, m*n), make([]float32, m*n)
		product(got, a, b, start, m, n, k, counting(k))
		for i := range m {
			for j := range n {
				if start != nil {
					want[i*n+j] = start[j]
				}
				for x := range k {
					want[i*n+j] += float32(a[i*k+x] * b[x*n+j])
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d × %d over %d: %v, want %v", m, n, k, got, want)
		}
	}
}

func TestLookIsThePlainLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 300 {
		n, rows, slots := 1+r.IntN(9), 1+r.IntN(20), r.IntN(15)
		table, start, value := draws(r, rows*n), draws(r, n), draws(r, slots)
		row := make([]int32, slots)
		for i := range row {
			row[i] = int32(r.IntN(rows))
		}
		got, want := make([]float32, n), slices.Clone(start)
		look(got, start, table, row, value)
		for s, at := range row {
			for j := range want {
				want[j] += float32(value[s] * table[int(at)*n+j])
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

func TestBendAndItsSlope(t *testing.T) {
	f := func(x float64) float64 { return x / 2 * (1 + x/math.Sqrt(1+x*x)) }
	for x := -6.0; x <= 6; x += 0.01 {
		v, slope := []float32{float32(x)}, []float32{0}
		only := slices.Clone(v)
		bend(v, slope)
		bendOnly(only)
		const h = 1e-5
		if want := (f(x+h) - f(x-h)) / (2 * h); math.Abs(float64(slope[0])-want) > 1e-5 {
			t.Fatalf("slope at %v is %v, want %v", x, slope[0], want)
		}
		if math.Abs(float64(v[0])-f(x)) > 1e-6 || only[0] != v[0] {
			t.Fatalf("at %v: %v and %v, want %v", x, v[0], only[0], f(x))
		}
	}
	odd := []float32{1e30, -1e30, math.MaxFloat32, -math.MaxFloat32, 0}
	bend(odd, make([]float32, len(odd)))
	for i, v := range odd {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Errorf("odd value %d gives %v", i, v)
		}
	}
}
