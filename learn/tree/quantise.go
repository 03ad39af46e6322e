package tree

import "github.com/septet-ml/septet/learn/portable"

// sum is a gradient and a hessian as two integers in one: gradient << 32 plus
// hessian, the hessian not negative. One addition adds both. Sums of all rows
// of a tree fit, see quantiser.
type sum int64

func (s sum) gradient() int64 { return int64(s) >> 32 }
func (s sum) hessian() int64  { return int64(uint32(s)) }

// quantiser turns gradients and hessians into integers. The factors are as
// large as the sums over all rows allow: below 2^31 and 2^32 with one unit per
// row for rounding and a thousandth to spare for float32. At a million rows a
// mean gradient is about 2,000 units, at ten million 200.
//
// Rounding is up or down in proportion to the fraction, decided by a fixed
// sequence over the rows, so that equal gradients do not all err to the same
// side. Source: Shi et al. 2022, section 4 (stochastic rounding).
type quantiser struct {
	gradient, hessian float64 // integer units per unit of gradient and hessian
	shift             uint32  // of the sequence, different for every tree
}

func newQuantiser(rows int, gradients, hessians float64, constant bool, seed uint64) quantiser {
	q := quantiser{gradient: 1, hessian: 1, shift: uint32(portable.Mix(seed))}
	if gradients > 1e-200 {
		q.gradient = (0.999*(1<<31) - float64(rows)) / gradients
	}
	if hessians > 1e-200 && !constant {
		q.hessian = (0.999*(1<<32) - float64(rows)) / hessians
	}
	return q
}

// quantise turns pairs[lo:hi] in place and returns their total.
func (q quantiser) quantise(pairs []sum, lo, hi int) sum {
	total := sum(0)
	for i := lo; i < hi; i++ {
		g, h := pairs[i].unpair()
		// golden-ratio steps fill 0..1 evenly
		u := float64(float64(uint32(i)*2654435769+q.shift) * (1.0 / (1 << 32)))
		gq := int64(float64(g*q.gradient)+u+(1<<31)) - 1<<31
		hq := int64(float64(h*q.hessian) + u)
		pairs[i] = sum(gq<<32 + hq)
		total += pairs[i]
	}
	return total
}
