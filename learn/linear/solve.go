package linear

import "math"

// solver minimises f(theta) + Σ l1[j] × |theta[j]| for a smooth, convex f by
// limited-memory BFGS in the orthant of the point where it stands. Source:
// Nocedal & Wright 2006, algorithm 7.4; Andrew & Gao 2007, OWL-QN, for l1.
type solver struct {
	f  func(theta, grad []float64) (float64, error) // sets grad
	l1 []float64                                    // 0 or more

	// precision is the part of the objective that a step has to promise.
	precision float64

	// precondition replaces x by about the inverse of f's second derivative
	// times x. renew makes it for where theta is.
	precondition func(x []float64)
	renew        func(theta []float64) error
}

const (
	memory     = 10   // pairs of steps that are remembered
	iterations = 500  // most steps
	renewal    = 15   // steps between renewals of the preconditioner
	tolerance  = 1e-8 // the end: a step promises a smaller gain
)

// pair is a step and what it did to the gradient.
type pair struct {
	step, change []float64
	product      float64 // step · change
}

// minimise starts from theta, which it leaves as it is.
func (s *solver) minimise(theta []float64) ([]float64, error) {
	n := len(theta)
	at := append([]float64(nil), theta...)
	grad := make([]float64, n)
	loss, err := s.f(at, grad)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for i := range iterations {
		if i%renewal == 0 {
			if err := s.renew(at); err != nil {
				return nil, err
			}
		}
		slope := s.slope(at, grad)
		step := s.direction(slope, pairs)
		if -dot(slope, step) < max(tolerance, s.precision*math.Abs(s.total(loss, at))) {
			break
		}
		next, nextGrad, nextLoss, moved, err := s.search(at, slope, step, loss)
		if err != nil {
			return nil, err
		}
		if !moved {
			if pairs == nil {
				break
			}
			pairs = nil // begin again from the scale alone
			continue
		}
		p := pair{make([]float64, n), make([]float64, n), 0}
		for j := range at {
			p.step[j] = next[j] - at[j]
			p.change[j] = nextGrad[j] - grad[j]
			p.product += float64(p.step[j] * p.change[j])
		}
		if p.product > 0 {
			pairs = append(pairs, p)
			if len(pairs) > memory {
				pairs = pairs[1:]
			}
		}
		at, grad, loss = next, nextGrad, nextLoss
	}
	return at, nil
}

// total is f + Σ l1 |theta|, given f.
func (s *solver) total(loss float64, theta []float64) float64 {
	for j, l := range s.l1 {
		if l > 0 {
			loss += float64(l * math.Abs(theta[j]))
		}
	}
	return loss
}

// slope is the gradient of the whole objective; where it has a kink, the
// element of the subdifferential nearest to 0.
func (s *solver) slope(theta, grad []float64) []float64 {
	out := make([]float64, len(grad))
	for j, g := range grad {
		l := s.l1[j]
		switch {
		case theta[j] > 0:
			out[j] = g + l
		case theta[j] < 0:
			out[j] = g - l
		case g > l:
			out[j] = g - l
		case g < -l:
			out[j] = g + l
		}
	}
	return out
}

// direction is minus the inverse of the approximate second derivative times
// slope (the two-loop recursion); entries that point uphill are 0.
func (s *solver) direction(slope []float64, pairs []pair) []float64 {
	q := append([]float64(nil), slope...)
	alpha := make([]float64, len(pairs))
	for i := len(pairs) - 1; i >= 0; i-- {
		p := pairs[i]
		alpha[i] = dot(p.step, q) / p.product
		for j := range q {
			q[j] -= float64(alpha[i] * p.change[j])
		}
	}
	s.precondition(q)
	if len(pairs) > 0 {
		p := pairs[len(pairs)-1]
		change := append([]float64(nil), p.change...)
		s.precondition(change)
		scale := p.product / dot(p.change, change)
		for j := range q {
			q[j] *= scale
		}
	}
	for i, p := range pairs {
		beta := dot(p.change, q) / p.product
		for j := range q {
			q[j] += float64((alpha[i] - beta) * p.step[j])
		}
	}
	for j := range q {
		q[j] = -q[j]
		if s.l1[j] > 0 && q[j]*slope[j] >= 0 {
			q[j] = 0
		}
	}
	return q
}

// search halves the step until the objective falls by a part of what the
// slope promises (Armijo). A penalised entry that would change its sign
// becomes 0.
func (s *solver) search(at, slope, step []float64, loss float64) (next, grad []float64, nextLoss float64, moved bool, err error) {
	before := s.total(loss, at)
	next, grad = make([]float64, len(at)), make([]float64, len(at))
	size := 1.0
	for range 40 {
		promise := 0.0
		for j := range at {
			next[j] = at[j] + float64(size*step[j])
			if s.l1[j] > 0 && !sameSide(at[j], slope[j], next[j]) {
				next[j] = 0
			}
			promise += float64(slope[j] * (next[j] - at[j]))
		}
		nextLoss, err = s.f(next, grad)
		if err != nil {
			return nil, nil, 0, false, err
		}
		if after := s.total(nextLoss, next); promise < 0 && after <= before+float64(1e-4*promise) {
			return next, grad, nextLoss, true, nil
		}
		size /= 2
	}
	return nil, nil, 0, false, nil
}

// sameSide tells whether next lies in the orthant of at, which is that of the
// way down where at is 0.
func sameSide(at, slope, next float64) bool {
	if at == 0 {
		at = -slope
	}
	return at*next >= 0
}
