package metric

import "math"

// confusion is the weight of rows by [true class × Classes + predicted class].
type confusion struct {
	classes int
	mass    []float64
}

// predicted is the class that the row is called: for binary by the
// threshold, for multiclass the most probable, the lowest where several are.
func (v *view) predicted(i int) int {
	if v.Classes == 2 {
		threshold := v.Threshold
		if threshold == 0 {
			threshold = 0.5
		}
		if v.Prediction[i] >= threshold {
			return 1
		}
		return 0
	}
	p := v.Prediction[i*v.Classes : (i+1)*v.Classes]
	best := 0
	for k := range p {
		if p[k] > p[best] {
			best = k
		}
	}
	return best
}

func (v *view) decide() confusion {
	c := confusion{v.Classes, make([]float64, v.Classes*v.Classes)}
	for i := range v.Target {
		c.mass[v.class(i)*v.Classes+v.predicted(i)] += v.weight(i)
	}
	return c
}

// sums is, for one class, the weight of its rows that were called it, of its
// rows, and of the rows that were called it.
func (c confusion) sums(class int) (hit, actual, called float64) {
	for k := range c.classes {
		actual += c.mass[class*c.classes+k]
		called += c.mass[k*c.classes+class]
	}
	return c.mass[class*c.classes+class], actual, called
}

func (c confusion) score(name Name) float64 {
	switch {
	case name == Accuracy:
		return c.accuracy()
	case name == BalancedAccuracy || c.classes > 2:
		return c.mean(name)
	}
	return c.one(1, name)
}

func (c confusion) accuracy() float64 {
	hit, all := 0.0, 0.0
	for k := range c.classes {
		h, a, _ := c.sums(k)
		hit += h
		all += a
	}
	return hit / all
}

// one is a class's precision, recall or f1; NaN where its denominator is 0.
func (c confusion) one(class int, name Name) float64 {
	hit, actual, called := c.sums(class)
	switch name {
	case Precision:
		return hit / called
	case F1:
		return 2 * hit / (actual + called)
	}
	return hit / actual
}

// mean is the plain mean of one over the classes that are present; a class
// that was never called has precision 0. NaN where fewer than two are present.
func (c confusion) mean(name Name) float64 {
	sum, n := 0.0, 0
	for k := range c.classes {
		hit, actual, _ := c.sums(k)
		if actual == 0 {
			continue
		}
		n++
		if hit > 0 {
			sum += c.one(k, name)
		}
	}
	if n < 2 {
		return math.NaN()
	}
	return sum / float64(n)
}
