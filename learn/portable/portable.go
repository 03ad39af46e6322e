// Package portable is the few transcendental functions that learners need, and
// a source of chance, with the same bits on every processor.
//
// The standard library has the functions in assembly on some processors, with and
// without fused multiply-add, and a compiler may fuse a product with a sum.
// Here every product is rounded by an explicit conversion. Each of them is
// within 2 units in the last place of the true value.
package portable

import "math"

// ln 2 in two parts; the first ends in 20 zero bits, so that a small integer
// times it is exact.
const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// taylor is 1/13!, 1/12!, ..., 1/0!.
var taylor = [14]float64{
	1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
	1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1,
}

// Exp is e to the power of x: 0 below -708, as at 709 above it. NaN gives NaN.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x < -708:
		return 0
	}
	x = min(x, 709)
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*ln2High) - float64(k*ln2Low) // |r| <= 0.347
	sum := taylor[0]
	for _, c := range taylor[1:] {
		sum = float64(sum*r) + c
	}
	return sum * math.Float64frombits(uint64(int64(k)+1023)<<52)
}

// odd are the coefficients of the logarithm's series, the last first.
var odd = [10]float64{1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3}

// parts is math.Frexp, fast for what is neither special nor very small: m is
// in 0.5..1, and x is m times 2 to the power of k.
func parts(x float64) (m float64, k int) {
	b := math.Float64bits(x)
	if b-1<<52 >= 0x7fe<<52 {
		return math.Frexp(x)
	}
	return math.Float64frombits(b&^(0x7ff<<52) | 1022<<52), int(b>>52) - 1022
}

// Log is the natural logarithm of a finite x above 0.
func Log(x float64) float64 {
	m, k := parts(x)
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	f := (m - 1) / (m + 1) // ln m = 2 atanh f, |f| <= 0.172
	s := float64(f * f)
	tail := 0.0
	for _, c := range odd {
		tail = float64((tail + c) * s)
	}
	low := float64(float64(k)*ln2Low) + float64(float64(2*f)*tail)
	return float64(float64(k)*ln2High) + (float64(2*f) + low)
}

// Sigmoid is 1 / (1 + e^-x), in 0..1.
func Sigmoid(x float64) float64 {
	e := Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// Softplus is ln(1 + e^x).
func Softplus(x float64) float64 {
	return max(x, 0) + Log(1+Exp(-math.Abs(x)))
}

// Softmax makes scores into probabilities, in place, and gives the logarithm
// of the sum of e to the power of each score.
func Softmax(x []float64) float64 {
	top := x[0]
	for _, v := range x[1:] {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range x {
		x[i] = Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
	return top + Log(sum)
}
