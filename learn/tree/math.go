package tree

import "math"

// exp is e to the power of x within 2 units in the last place, the same bits
// on every processor: the standard library's differ between architectures.
// Below -708 it is 0, above 709 it is as at 709; NaN is not allowed.
func exp(x float64) float64 {
	if x < -708 {
		return 0
	}
	x = min(x, 709)
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*ln2High)
	r -= float64(k * ln2Low)
	// Taylor's series to r^13, |r| <= 0.347, in two chains of r².
	s := float64(r * r)
	even := 1.0 / 479001600
	odd := 1.0 / 6227020800
	even = float64(even*s) + 1.0/3628800
	odd = float64(odd*s) + 1.0/39916800
	even = float64(even*s) + 1.0/40320
	odd = float64(odd*s) + 1.0/362880
	even = float64(even*s) + 1.0/720
	odd = float64(odd*s) + 1.0/5040
	even = float64(even*s) + 1.0/24
	odd = float64(odd*s) + 1.0/120
	even = float64(even*s) + 0.5
	odd = float64(odd*s) + 1.0/6
	even = float64(even * s)
	odd = float64(odd*s) + 1
	p := 1 + (float64(odd*r) + even)
	return p * math.Float64frombits(uint64(int64(k)+1023)<<52)
}

// ln 2 in two parts, the first with 20 zero bits at its end so that k times it
// is exact.
const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// log is the natural logarithm of a positive, finite, normal x within 2 units
// in the last place, the same bits on every processor.
func log(x float64) float64 {
	m, k := math.Frexp(x) // 0.5 <= m < 1
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	// log(m) = 2 atanh(f), |f| <= 0.172
	f := (m - 1) / (m + 1)
	s := float64(f * f)
	p := 0.0
	for n := 21.0; n >= 3; n -= 2 {
		p = float64((p + 1/n) * s)
	}
	low := float64(float64(k)*ln2Low) + float64(2*f)*p
	return float64(float64(k)*ln2High) + (float64(2*f) + low)
}

// sigmoid is 1 / (1 + exp(-x)).
func sigmoid(x float64) float64 {
	e := exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// roughSigmoid is p = sigmoid(x) and the slope p (1-p), within a relative
// error of 1e-8 for x from -700 to 350, in a third of sigmoid's time: gradients
// are kept as float32. x beyond 350 is as 350.
func roughSigmoid(x float64) (p, slope float64) {
	x = min(max(-x, -350), 700)
	const round = 3 << 51 // adding it rounds to a whole number
	k := float64(x*math.Log2E) + round
	power := math.Float64frombits((math.Float64bits(k) + 1023) << 52) // 2 to the power of that number
	r := x - float64((k-round)*math.Ln2)
	s := float64(r * r)
	low := float64(r*(1.0/6)) + 0.5
	high := float64(r*(1.0/120)) + 1.0/24
	top := float64(r*(1.0/5040)) + 1.0/720
	e := (float64((float64((float64(top*s)+high)*s)+low)*s) + (1 + r)) * power
	p = 1 / (1 + e)
	return p, e * p * p
}

// mix scrambles 64 bits (the finaliser of splitmix64). Chains of it are the
// package's only source of chance.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
