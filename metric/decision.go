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

// base is what hits are divided by: what was called the class for precision,
// what is of the class for recall and balanced_accuracy, and the mean of both
// for f1.
func base(name Name, actual, called float64) float64 {
	switch name {
	case Precision:
		return called
	case F1:
		return (actual + called) / 2
	}
	return actual
}

// means is the classes over which a score is the mean of hits / base: class 1
// for precision, recall and f1 of a binary sample, else all that are present.
func (c confusion) means(name Name) []int {
	if c.classes == 2 && name != BalancedAccuracy {
		return []int{1}
	}
	var out []int
	for k := range c.classes {
		if _, actual, _ := c.sums(k); actual > 0 {
			out = append(out, k)
		}
	}
	return out
}

// score is NaN where class 1 of a binary sample has no base, and where a mean
// has fewer than two classes. A class of a mean that was never called has
// precision 0.
func (c confusion) score(name Name) float64 {
	if name == Accuracy {
		return c.accuracy()
	}
	classes, sum := c.means(name), 0.0
	if c.classes > 2 || name == BalancedAccuracy {
		if len(classes) < 2 {
			return math.NaN()
		}
	}
	for _, k := range classes {
		hit, actual, called := c.sums(k)
		if hit > 0 || len(classes) == 1 {
			sum += hit / base(name, actual, called)
		}
	}
	return sum / float64(len(classes))
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
