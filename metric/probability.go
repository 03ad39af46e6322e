package metric

import "math"

const clip = 1e-15 // smallest probability that log_loss sees

// truth is the probability that was given to what happened.
func (v *view) truth(i int) float64 {
	switch {
	case v.Classes > 2:
		return v.Prediction[i*v.Classes+v.class(i)]
	case v.Target[i] == 1:
		return v.Prediction[i]
	}
	return 1 - v.Prediction[i]
}

func (v *view) logLoss() float64 {
	sum := 0.0
	for i := range v.Target {
		sum += float64(v.weight(i) * rowLogLoss(v.truth(i)))
	}
	return sum / v.total
}

func rowLogLoss(p float64) float64 { return -math.Log(min(max(p, clip), 1-clip)) }

// brier is the mean of (p - y)², for multiclass of its sum over the classes.
func (v *view) brier() float64 {
	sum := 0.0
	for i := range v.Target {
		sum += float64(v.weight(i) * v.rowBrier(i))
	}
	return sum / v.total
}

func (v *view) rowBrier(i int) float64 {
	if v.Classes == 2 {
		d := v.Prediction[i] - v.Target[i]
		return d * d
	}
	sum := 0.0
	for k := range v.Classes {
		d := v.Prediction[i*v.Classes+k]
		if k == v.class(i) {
			d--
		}
		sum += float64(d * d)
	}
	return sum
}

// bins is the number of bins of ece.
const bins = 15

// bin is the rows of one bin of ece.
type bin struct {
	weight float64
	claim  float64 // weighted sum of the probabilities
	hit    float64 // weighted sum of what happened: class 1, or the top label was right
}

// ece is the sum over the bins of |claim - hit|, over the total weight.
func (v *view) ece() float64 {
	sum := 0.0
	for _, b := range v.calibration() {
		sum += math.Abs(b.claim - b.hit)
	}
	return sum / v.total
}

// calibration sorts the rows by their probability of class 1 (multiclass: of
// the top label) into 15 bins of equal weight. Rows with equal probabilities
// stay together, in the bin where the first of them falls; so some bins may
// be empty.
func (v *view) calibration() []bin {
	out := make([]bin, bins)
	v.eachBin(func(b int, i int, claim, hit float64) {
		w := v.weight(i)
		out[b].weight += w
		out[b].claim += float64(w * claim)
		out[b].hit += float64(w * hit)
	})
	return out
}

// eachBin calls f with the bin, the row, the probability and whether it came
// true (1 or 0), for every row by rising probability.
func (v *view) eachBin(f func(bin, row int, claim, hit float64)) {
	claim, hit := v.Prediction, v.Target
	var rows []int32
	if v.Classes > 2 {
		claim, hit = v.topLabel()
		rows = orderBy(claim)
	} else {
		rows = v.order()
	}
	start := 0.0
	ties(claim, rows, func(run []int32) {
		b := min(int(bins*start/v.total), bins-1)
		for _, i := range run {
			f(b, int(i), claim[i], hit[i])
			start += v.weight(int(i))
		}
	})
}

// topLabel is each row's largest probability and whether its class is the
// true one.
func (v *view) topLabel() (claim, hit []float64) {
	claim = make([]float64, len(v.Target))
	hit = make([]float64, len(v.Target))
	for i := range v.Target {
		k := v.predicted(i)
		claim[i] = v.Prediction[i*v.Classes+k]
		if k == v.class(i) {
			hit[i] = 1
		}
	}
	return claim, hit
}
