package tree

import "math"

// roughExp is e to the power of x within a relative error of 1e-8, in a third
// of an exact one's time: gradients are kept as float32. x is held within -700
// and 700; NaN is not allowed.
func roughExp(x float64) float64 {
	x = min(max(x, -700), 700)
	const round = 3 << 51 // adding it rounds to a whole number
	k := float64(x*math.Log2E) + round
	power := math.Float64frombits((math.Float64bits(k) + 1023) << 52) // 2 to the power of that number
	r := x - float64((k-round)*math.Ln2)
	s := float64(r * r)
	low := float64(r*(1.0/6)) + 0.5
	high := float64(r*(1.0/120)) + 1.0/24
	top := float64(r*(1.0/5040)) + 1.0/720
	return (float64((float64((float64(top*s)+high)*s)+low)*s) + (1 + r)) * power
}

// roughSigmoid is p = 1/(1+exp(-x)) and its slope p (1-p), as rough as
// roughExp where x is above -350, and as there below.
func roughSigmoid(x float64) (p, slope float64) {
	e := roughExp(min(-x, 350))
	p = 1 / (1 + e)
	return p, e * p * p
}
