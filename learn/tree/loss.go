package tree

import (
	"math"
	"slices"

	"github.com/septet-ml/septet/learn/portable"
)

// objective is what a fit reduces. A row's margin is base + unit × score,
// where the score of an output is the sum of the leaves that the row fell
// into. Scores and targets are in units, so that values of any size are
// learned with the same precision.
type objective struct {
	loss     Loss
	outputs  int       // trees per round: classes for softmax, else 1
	base     []float64 // one per output
	unit     float64   // a power of two for regression, else 1
	quantile float64

	target []float64   // one per row: the class, or (value - base) / unit
	weight []float64   // one per row; nil: 1
	score  [][]float64 // by output and row
	spread []float64   // softmax: by row, the logarithm of the sum of exp(margin), kept during a round
}

// pair is a gradient and a hessian as two float32, the gradient in the upper
// half.
func pair(gradient, hessian float64) sum {
	return sum(math.Float32bits(float32(gradient)))<<32 | sum(math.Float32bits(float32(hessian)))
}

func (v sum) unpair() (gradient, hessian float64) {
	return float64(math.Float32frombits(uint32(uint64(v) >> 32))), float64(math.Float32frombits(uint32(v)))
}

// maxGradient bounds a gradient in units.
const maxGradient = 1e30

func newObjective(d *data, loss Loss, quantile float64) *objective {
	o := &objective{loss: loss, outputs: 1, unit: 1, quantile: quantile, target: d.target, weight: d.weight}
	switch loss {
	case logistic, softmax:
		o.base = classMargins(d)
		if loss == softmax {
			o.outputs = d.classes
			o.spread = make([]float64, d.train)
		}
	default:
		if loss == Absolute {
			o.quantile = 0.5
		}
		o.center(d)
	}
	o.score = make([][]float64, o.outputs)
	for k := range o.score {
		o.score[k] = make([]float64, d.all)
	}
	return o
}

// classMargins are the logarithms of the classes' shares of train's weight;
// for two classes the one log-odds. A class without weight counts as one row.
func classMargins(d *data) []float64 {
	mass := make([]float64, d.classes)
	total := 0.0
	for i, y := range d.target[:d.train] {
		w := weightOf(d.weight, i)
		mass[int(y)] += w
		total += w
	}
	least := total / float64(d.train)
	out := make([]float64, d.classes)
	for c := range out {
		out[c] = portable.Log(max(mass[c], least) / total)
	}
	if d.classes == 2 {
		return []float64{out[1] - out[0]}
	}
	return out
}

// center chooses base and unit for regression and rewrites the target by
// them. The base is the mean, median or quantile; the unit the power of two
// below the mean distance from it.
func (o *objective) center(d *data) {
	base := 0.0
	if o.loss == Squared {
		total, mass := 0.0, 0.0
		for i, y := range d.target[:d.train] {
			w := weightOf(d.weight, i)
			mass += w
			total += float64((y - total) * (w / max(mass, math.SmallestNonzeroFloat64)))
		}
		base = total
	} else {
		base = weightedQuantile(slices.Clone(d.target[:d.train]), d.weight, nil, o.quantile)
	}
	distance := 0.0
	for _, y := range d.target[:d.train] {
		distance += math.Abs(y-base) / float64(d.train)
	}
	if distance > 0 && !math.IsInf(distance, 0) {
		_, e := math.Frexp(distance)
		o.unit = math.Ldexp(1, min(max(e-1, -1000), 1000))
	}
	o.base = []float64{base}
	o.target = make([]float64, d.all)
	for i, y := range d.target {
		o.target[i] = (y - base) / o.unit
	}
}

// weightOf is entry i of weight; nil is all 1.
func weightOf(weight []float64, i int) float64 {
	if weight == nil {
		return 1
	}
	return weight[i]
}

// constant tells whether every row's hessian is 1.
func (o *objective) constant() bool {
	return o.weight == nil && o.loss != logistic && o.loss != softmax
}

// prepare sets spread for rows lo..hi; softmax needs it before each round.
func (o *objective) prepare(lo, hi int) {
	for i := lo; i < hi; i++ {
		o.spread[i] = o.logSum(i, roughExp)
	}
}

// logSum is log(sum over k of exp(margin of k)) of a row.
func (o *objective) logSum(i int, exp func(float64) float64) float64 {
	top := math.Inf(-1)
	for k := range o.score {
		top = max(top, o.base[k]+o.score[k][i])
	}
	total := 0.0
	for k := range o.score {
		total += exp(o.base[k] + o.score[k][i] - top)
	}
	return top + portable.Log(total)
}

// gradients writes pairs of output k for rows lo..hi and returns the sums of
// their absolute gradients and of their hessians.
func (o *objective) gradients(k, lo, hi int, out []sum) (gradients, hessians float64) {
	score, target := o.score[k], o.target
	switch o.loss {
	case logistic:
		base := o.base[0]
		for i := lo; i < hi; i++ {
			p, slope := roughSigmoid(base + score[i])
			out[i] = pair(p-target[i], slope)
		}
	case softmax:
		stretch := float64(o.outputs) / float64(o.outputs-1)
		for i := lo; i < hi; i++ {
			p := roughExp(o.base[k] + score[i] - o.spread[i])
			g := p
			if int(target[i]) == k {
				g--
			}
			out[i] = pair(g, p*(1-p)*stretch)
		}
	case Squared:
		for i := lo; i < hi; i++ {
			out[i] = pair(min(max(score[i]-target[i], -maxGradient), maxGradient), 1)
		}
	default: // Absolute is half of this
		for i := lo; i < hi; i++ {
			g := 0.0
			switch r := score[i] - target[i]; {
			case r > 0:
				g = 1 - o.quantile
			case r < 0:
				g = -o.quantile
			}
			out[i] = pair(g, 1)
		}
	}
	for i := lo; i < hi && o.weight != nil; i++ {
		g, h := out[i].unpair()
		out[i] = pair(min(max(g*o.weight[i], -maxGradient), maxGradient), min(h*o.weight[i], maxGradient))
	}
	for _, v := range out[lo:hi] {
		g, h := v.unpair()
		gradients += math.Abs(g)
		hessians += h
	}
	return gradients, hessians
}

// renews tells whether leaves are set from the residuals of their rows and
// not from gradients, as losses without curvature need.
func (o *objective) renews() bool { return o.loss == Absolute || o.loss == Quantile }

// renewed is the step that reduces the loss most for the given rows: the
// quantile of target minus score.
func (o *objective) renewed(rows []uint32) float64 {
	residual := make([]float64, len(rows))
	for j, i := range rows {
		residual[j] = o.target[i] - o.score[0][i]
	}
	return weightedQuantile(residual, o.weight, rows, o.quantile)
}

// weightedQuantile is the least value whose weight together with all lower
// ones reaches q of the whole; midway to the next one if it is reached
// exactly. rows are the rows of the values, nil: 0, 1, ... It reorders values.
func weightedQuantile(values, weight []float64, rows []uint32, q float64) float64 {
	if weight == nil {
		slices.Sort(values)
		at := float64(q * float64(len(values)))
		i := int(math.Ceil(at)) - 1
		i = min(max(i, 0), len(values)-1)
		if float64(i+1) == at && i+1 < len(values) {
			return float64(values[i]/2) + float64(values[i+1]/2)
		}
		return values[i]
	}
	order := make([]int, len(values))
	total := 0.0
	w := func(j int) float64 {
		if rows == nil {
			return weight[j]
		}
		return weight[rows[j]]
	}
	for j := range order {
		order[j] = j
		total += w(j)
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return a - b
	})
	reached := 0.0
	for n, j := range order {
		reached += w(j)
		if reached > q*total {
			return values[j]
		}
		if reached == q*total && reached > 0 && n+1 < len(order) {
			return float64(values[j]/2) + float64(values[order[n+1]]/2)
		}
	}
	return values[order[len(order)-1]]
}

// total is the weighted sum of the losses of rows lo..hi, in units, and the
// sum of their weights.
func (o *objective) total(lo, hi int) (losses, weights float64) {
	for i := lo; i < hi; i++ {
		w := weightOf(o.weight, i)
		losses += float64(w * o.of(i))
		weights += w
	}
	return losses, weights
}

// mean is the mean loss from totals, in the target's own units: log loss,
// squared error, absolute error or pinball loss.
func (o *objective) mean(losses, weights float64) float64 {
	switch {
	case weights == 0:
		return 0
	case o.loss == Squared:
		return losses / weights * o.unit * o.unit
	}
	return losses / weights * o.unit
}

// of is the loss of one row, in units.
func (o *objective) of(i int) float64 {
	switch o.loss {
	case logistic:
		m := o.base[0] + o.score[0][i]
		return portable.Softplus(m) - float64(m*o.target[i])
	case softmax:
		k := int(o.target[i])
		return o.logSum(i, portable.Exp) - o.base[k] - o.score[k][i]
	}
	r := o.target[i] - o.score[0][i]
	switch {
	case o.loss == Squared:
		return r * r
	case o.loss == Absolute:
		return math.Abs(r)
	case r > 0:
		return r * o.quantile
	}
	return -r * (1 - o.quantile)
}
