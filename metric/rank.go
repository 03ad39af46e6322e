package metric

import "math"

// auc is the probability that a random positive has the larger prediction
// than a random negative, ties half:
//
//	for i in positives { for j in negatives {
//		sum += w[i]*w[j] * (p[i] > p[j] ? 1 : p[i] == p[j] ? 1/2 : 0)
//	}}
//	auc = sum / (W1 * W0)
func (v *view) auc() float64 {
	var pos, neg, sum float64
	ties(v.Prediction, v.order(), func(run []int32) {
		var p, q float64
		for _, i := range run {
			if v.Target[i] == 1 {
				p += v.weight(int(i))
			} else {
				q += v.weight(int(i))
			}
		}
		sum += float64(p * (neg + float64(q/2)))
		pos += p
		neg += q
	})
	if pos == 0 || neg == 0 {
		return math.NaN()
	}
	return sum / pos / neg
}

// handTill is the mean over all pairs of classes i < j that are present of
// (A(i|j) + A(j|i)) / 2, where A(i|j) is the auc of class i's probability
// among the rows of the two classes. Source: Hand & Till 2001, Machine
// Learning 45, equation 7.
func (v *view) handTill() float64 {
	sum, pairs := 0.0, 0
	mass := v.classMass()
	for i := range v.Classes {
		if mass[i] == 0 {
			continue
		}
		for j, a := range v.oneAgainst(i) {
			if j != i && mass[j] > 0 {
				sum += a / mass[i] / mass[j]
				pairs++
			}
		}
	}
	if pairs == 0 {
		return math.NaN()
	}
	return sum / float64(pairs)
}

// classMass is the weight of each class.
func (v *view) classMass() []float64 {
	mass := make([]float64, v.Classes)
	for i := range v.Target {
		mass[v.class(i)] += v.weight(i)
	}
	return mass
}

// oneAgainst is, for each class j, the weight of pairs (row of class i, row
// of class j) in which the former has the larger probability of class i.
func (v *view) oneAgainst(class int) []float64 {
	p, rows := v.column(class)
	below := make([]float64, v.Classes)
	here := make([]float64, v.Classes)
	out := make([]float64, v.Classes)
	ties(p, rows, func(run []int32) {
		for _, i := range run {
			here[v.class(int(i))] += v.weight(int(i))
		}
		if w := here[class]; w > 0 {
			for j := range out {
				out[j] += float64(w * (below[j] + float64(here[j]/2)))
			}
		}
		for _, i := range run {
			j := v.class(int(i))
			below[j] += here[j]
			here[j] = 0
		}
	})
	return out
}

// column is the probabilities of one class, and the rows in their order.
func (v *view) column(class int) (p []float64, rows []int32) {
	p = make([]float64, len(v.Target))
	for i := range p {
		p[i] = v.Prediction[i*v.Classes+class]
	}
	if v.columns == nil {
		v.columns = make([][]int32, v.Classes)
	}
	if v.columns[class] == nil {
		v.columns[class] = orderBy(p)
	}
	return p, v.columns[class]
}

// averagePrecision is the sum over the distinct predictions, falling, of
// precision × rise of recall, as in scikit-learn; rows with equal predictions
// enter together. NaN where there is no positive.
func (v *view) averagePrecision() float64 {
	rows := v.order()
	var seen, pos, sum float64
	for hi := len(rows); hi > 0; {
		lo := hi
		gain := 0.0
		for lo > 0 && v.Prediction[rows[lo-1]] == v.Prediction[rows[hi-1]] {
			lo--
			w := v.weight(int(rows[lo]))
			seen += w
			if v.Target[rows[lo]] == 1 {
				gain += w
			}
		}
		hi = lo
		pos += gain
		if gain > 0 {
			sum += float64(gain * (pos / seen))
		}
	}
	if pos == 0 {
		return math.NaN()
	}
	return sum / pos
}

// lift is the share of positives in the tenth of the weight with the largest
// predictions over the share in all. Of rows that tie at the cut each counts
// by the same part, which is the expected value over all orders of the ties.
// NaN where there is no positive.
func (v *view) lift() float64 {
	rows := v.order()
	var pos float64
	for i := range v.Target {
		if v.Target[i] == 1 {
			pos += v.weight(i)
		}
	}
	if pos == 0 {
		return math.NaN()
	}
	top := v.total / 10
	left, hit := top, 0.0
	for hi := len(rows); hi > 0 && left > 0; {
		lo := hi
		var w, p float64
		for lo > 0 && v.Prediction[rows[lo-1]] == v.Prediction[rows[hi-1]] {
			lo--
			x := v.weight(int(rows[lo]))
			w += x
			if v.Target[rows[lo]] == 1 {
				p += x
			}
		}
		hi = lo
		if w > left {
			p *= left / w
		}
		hit += p
		left -= w
	}
	return (hit / top) / (pos / v.total)
}
