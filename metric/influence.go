package metric

import "math"

// influence is how much each row moves a score: one value per row, such that
// the score of the sample less that of the population is about
//
//	Σ weight × influence / Σ weight
//
// so that their spread is the standard error of the score, also where rows
// come in groups, and that of the difference of two samples over the same
// rows. nil where the score is undefined or has no interval of this kind.
// Source: Hampel 1974, JASA 69; for auc it is DeLong, DeLong & Clarke-Pearson
// 1988, Biometrics 44.
func (v *view) influence(name Name) []float64 {
	score := v.score(name)
	if math.IsNaN(score) {
		return nil
	}
	switch name {
	case LogLoss:
		return v.deviations(score, func(i int) float64 { return rowLogLoss(v.truth(i)) })
	case Brier:
		return v.deviations(score, v.rowBrier)
	case Accuracy:
		return v.deviations(score, func(i int) float64 { return indicator(v.predicted(i) == v.class(i)) })
	case MAE:
		return v.deviations(score, func(i int) float64 { return math.Abs(v.Prediction[i] - v.Target[i]) })
	case MAPE:
		return v.mapeInfluence(score)
	case RMSE, R2:
		return v.squareInfluence(name, score)
	case ECE:
		return v.eceInfluence(score)
	case BalancedAccuracy, Precision, Recall, F1:
		return v.ratioInfluence(name, v.decide().means(name))
	case AUC:
		if v.Classes == 2 {
			return v.aucInfluence(score)
		}
		return v.handTillInfluence()
	case AveragePrecision:
		return v.averagePrecisionInfluence(score)
	case LiftAt10Pct:
		return v.liftInfluence(score)
	}
	return nil
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// deviations is that of a mean over the rows.
func (v *view) deviations(mean float64, value func(i int) float64) []float64 {
	out := make([]float64, len(v.Target))
	for i := range out {
		out[i] = value(i) - mean
	}
	return out
}

// mapeInfluence is that of the mean over the rows whose truth is not 0.
func (v *view) mapeInfluence(score float64) []float64 {
	part := 0.0
	for i, y := range v.Target {
		if y != 0 {
			part += v.weight(i) / v.total
		}
	}
	out := make([]float64, len(v.Target))
	for i, y := range v.Target {
		if y != 0 {
			out[i] = (math.Abs(v.Prediction[i]-y)/math.Abs(y) - score) / part
		}
	}
	return out
}

// squareInfluence is that of rmse = √m, or of r2 = 1 - m / variance.
func (v *view) squareInfluence(name Name, score float64) []float64 {
	mean := v.targetMean()
	m, variance := 0.0, 0.0
	for i, y := range v.Target {
		e := v.Prediction[i] - y
		m += v.weight(i) * e * e / v.total
		variance += v.weight(i) * (y - mean) * (y - mean) / v.total
	}
	out := make([]float64, len(v.Target))
	for i, y := range v.Target {
		e := v.Prediction[i] - y
		switch {
		case name == R2:
			out[i] = (float64((1-score)*(y-mean)*(y-mean)) - float64(e*e)) / variance
		case m > 0:
			out[i] = (float64(e*e) - m) / (2 * score)
		}
	}
	return out
}

// eceInfluence is the row's part of its bin's gap, with the sign of the gap.
func (v *view) eceInfluence(score float64) []float64 {
	gaps := v.calibration()
	out := make([]float64, len(v.Target))
	v.eachBin(func(b, i int, claim, hit float64) {
		out[i] = float64(math.Copysign(1, gaps[b].claim-gaps[b].hit)*(claim-hit)) - score
	})
	return out
}

// ratioInfluence is the mean over the given classes of that of hits / base
// (see base). A class without a base does not move.
func (v *view) ratioInfluence(name Name, classes []int) []float64 {
	c := v.decide()
	out := make([]float64, len(v.Target))
	for _, k := range classes {
		hit, actual, called := c.sums(k)
		all := base(name, actual, called)
		if all == 0 {
			continue
		}
		part := v.total / all / float64(len(classes))
		for i := range out {
			a, p := indicator(v.class(i) == k), indicator(v.predicted(i) == k)
			out[i] += float64((float64(a*p) - float64(hit/all*base(name, a, p))) * part)
		}
	}
	return out
}

// aucInfluence is (share of the other class that is ranked on the right side
// of the row - auc) / share of the row's class.
func (v *view) aucInfluence(score float64) []float64 {
	mass := v.classMass()
	out := make([]float64, len(v.Target))
	below := [2]float64{}
	ties(v.Prediction, v.order(), func(run []int32) {
		here := [2]float64{}
		for _, i := range run {
			here[v.class(int(i))] += v.weight(int(i))
		}
		for _, i := range run {
			k := v.class(int(i))
			right := (below[1-k] + float64(here[1-k]/2)) / mass[1-k]
			if k == 0 {
				right = 1 - right
			}
			out[i] = (right - score) * v.total / mass[k]
		}
		below[0] += here[0]
		below[1] += here[1]
	})
	return out
}

// handTillInfluence is the mean of aucInfluence over the ordered pairs of
// classes present.
func (v *view) handTillInfluence() []float64 {
	mass := v.classMass()
	present := 0.0
	for _, m := range mass {
		present += indicator(m > 0)
	}
	out := make([]float64, len(v.Target))
	part := v.total / (present * (present - 1))
	below, here := make([]float64, v.Classes), make([]float64, v.Classes)
	for class := range v.Classes {
		if mass[class] == 0 {
			continue
		}
		auc := v.oneAgainst(class)
		for j := range auc {
			if mass[j] > 0 {
				auc[j] /= mass[class] * mass[j]
			}
		}
		clear(below)
		p, rows := v.column(class)
		ties(p, rows, func(run []int32) {
			for _, i := range run {
				here[v.class(int(i))] += v.weight(int(i))
			}
			for _, i := range run {
				k := v.class(int(i))
				if k != class {
					right := 1 - (below[class]+float64(here[class]/2))/mass[class]
					out[i] += (right - auc[k]) * part / max(mass[k], math.SmallestNonzeroFloat64)
					continue
				}
				for j := range auc {
					if j != class && mass[j] > 0 {
						out[i] += ((below[j]+float64(here[j]/2))/mass[j] - auc[j]) * part / mass[class]
					}
				}
			}
			for _, i := range run {
				k := v.class(int(i))
				below[k] += here[k]
				here[k] = 0
			}
		})
	}
	return out
}

// averagePrecisionInfluence is, for a row with prediction p and truth y,
//
//	( y × (precision(p) - score) + Σ over positives with prediction q <= p of
//	  weight(q) × (y - precision(q)) / weight of rows at or above q ) / share of positives
//
// the second part being what the row does to the precision at q.
func (v *view) averagePrecisionInfluence(score float64) []float64 {
	rows := v.order()
	n := len(rows)
	above, hits := make([]float64, n), make([]float64, n) // weight of rows, of positives, at or above the run that begins here
	var all, pos float64
	for i := n - 1; i >= 0; i-- {
		w := v.weight(int(rows[i]))
		all += w
		pos += float64(w * v.Target[rows[i]])
		above[i], hits[i] = all, pos
	}
	out := make([]float64, n)
	var each, precise float64 // Σ weight / above, and × precision, over the positives so far
	at := 0
	ties(v.Prediction, rows, func(run []int32) {
		precision := 0.0
		if above[at] > 0 {
			precision = hits[at] / above[at]
			for _, i := range run {
				w := v.weight(int(i)) * v.Target[i] / above[at]
				each += w
				precise += float64(w * precision)
			}
		}
		for _, i := range run {
			y := v.Target[i]
			out[i] = (float64(y*(precision-score)) + float64(y*each) - precise) * v.total / pos
		}
		at += len(run)
	})
	return out
}

// liftInfluence is that of the ratio of the share of positives in the top
// tenth to that in all. What the place of the cut contributes is the share of
// positives near it, taken over a twentieth of the rows on each side.
func (v *view) liftInfluence(score float64) []float64 {
	const tenth, near = 0.1, 0.05
	rows := v.order()
	in := make([]float64, len(rows)) // how much of the row is in the top tenth
	var hit, close, pos float64
	top := 0.0
	for hi := len(rows); hi > 0; {
		lo, w := hi, 0.0
		for lo > 0 && v.Prediction[rows[lo-1]] == v.Prediction[rows[hi-1]] {
			lo--
			w += v.weight(int(rows[lo]))
		}
		part, edge := overlap(top, top+w, 0, tenth*v.total), overlap(top, top+w, (tenth-near)*v.total, (tenth+near)*v.total)
		for _, i := range rows[lo:hi] {
			if w > 0 {
				in[i] = part / w
				hit += float64(v.weight(int(i)) * v.Target[i] * in[i])
				close += v.weight(int(i)) * v.Target[i] * edge / w
			}
			pos += float64(v.weight(int(i)) * v.Target[i])
		}
		top += w
		hi = lo
	}
	rate, share, local := pos/v.total, hit/v.total, close/(2*near*v.total)
	out := make([]float64, len(rows))
	for i := range out {
		h := float64(in[i]*v.Target[i]) - share + float64((tenth-in[i])*local)
		out[i] = (h/tenth - float64(score*(v.Target[i]-rate))) / rate
	}
	return out
}

// overlap is the length that the intervals a..b and c..d have in common.
func overlap(a, b, c, d float64) float64 { return max(0, min(b, d)-max(a, c)) }
