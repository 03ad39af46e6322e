package metric

import "math"

// regression is rmse, mae, r2 or mape.
//
//	rmse = sqrt(Σ w (p-y)² / Σ w)          mae  = Σ w |p-y| / Σ w
//	r2   = 1 - Σ w (p-y)² / Σ w (y-mean)²  mape = Σ w |p-y|/|y| / Σ w, over y ≠ 0
//
// r2 is NaN for a constant target, mape where every target is 0.
func (v *view) regression(name Name) float64 {
	var mean, sum, weight, spread float64
	if name == R2 {
		mean = v.targetMean()
	}
	for i, y := range v.Target {
		w, e := v.weight(i), math.Abs(v.Prediction[i]-y)
		switch name {
		case MAE:
			sum += float64(w * e)
		case MAPE:
			if y == 0 {
				continue
			}
			sum += float64(w * (e / math.Abs(y)))
		default:
			sum += float64(w * e * e)
			spread += float64(w * (y - mean) * (y - mean))
		}
		weight += w
	}
	switch {
	case name == R2 && spread == 0 || weight == 0:
		return math.NaN()
	case name == R2:
		return 1 - sum/spread
	case name == RMSE:
		return math.Sqrt(sum / weight)
	}
	return sum / weight
}

func (v *view) targetMean() float64 {
	sum := 0.0
	for i, y := range v.Target {
		sum += float64(v.weight(i) * y)
	}
	return sum / v.total
}
