package calibrate

import (
	"cmp"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

// leastSlope keeps a map monotone.
const leastSlope = 0.01

// platt is a logistic regression on the logit.
func platt(target metric.Sample, prediction []float64, rows []int32) (Map, error) {
	z, one := make([]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		z[i], one[i] = LogOdds(prediction[r]), 1
	}
	b := logistic(target, rows, [][]float64{z, one}, []float64{1, 0}, nil)
	if b[0] < leastSlope {
		flat := make([]float64, len(rows))
		for i := range flat {
			flat[i] = leastSlope * z[i]
		}
		b = []float64{leastSlope, logistic(target, rows, [][]float64{one}, []float64{0}, flat)[0]}
	}
	return Map{Kind: Platt, Width: 1, Slope: b[0], Offset: b[1]}, nil
}

// beta is a logistic regression on ln p and -ln(1 - p).
func beta(target metric.Sample, prediction []float64, rows []int32) (Map, error) {
	yes, no, one := make([]float64, len(rows)), make([]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		p := clip(prediction[r])
		yes[i], no[i], one[i] = portable.Log(p), -portable.Log(1-p), 1
	}
	b := logistic(target, rows, [][]float64{yes, no, one}, []float64{1, 1, 0}, nil)
	if b[0] < leastSlope || b[1] < leastSlope {
		return Map{}, errNoMap
	}
	return Map{Kind: Beta, Width: 1, Slope: b[0], Fall: b[1], Offset: b[2]}, nil
}

// logistic is the coefficients that minimise log loss + |b - prior|² / 2 on
// the features (each with one value per row) beside a fixed base (nil is 0),
// by Newton's method with halved steps. The pull to the prior keeps separable
// rows finite.
func logistic(target metric.Sample, rows []int32, features [][]float64, prior, base []float64) []float64 {
	n := len(prior)
	at := slices.Clone(prior)
	loss, gradient, hessian := logisticAt(target, rows, features, prior, base, at)
	for range 50 {
		step := solve(hessian, gradient)
		size, moved := 1.0, 0.0
		for range 30 {
			next := make([]float64, n)
			moved = 0
			for k := range next {
				next[k] = at[k] - float64(size*step[k])
				moved += math.Abs(next[k] - at[k])
			}
			l, g, h := logisticAt(target, rows, features, prior, base, next)
			if l <= loss {
				at, loss, gradient, hessian = next, l, g, h
				break
			}
			size /= 2
		}
		if moved < 1e-9 {
			break
		}
	}
	return at
}

// logisticAt is the loss of logistic at b and its derivatives.
func logisticAt(target metric.Sample, rows []int32, features [][]float64, prior, base, b []float64) (loss float64, gradient, hessian []float64) {
	n := len(b)
	gradient, hessian = make([]float64, n), make([]float64, n*n)
	for k := range b {
		d := b[k] - prior[k]
		loss += float64(d * d / 2)
		gradient[k], hessian[k*n+k] = d, 1
	}
	for i, r := range rows {
		w, z := weight(target, r), 0.0
		if base != nil {
			z = base[i]
		}
		for k := range b {
			z += float64(b[k] * features[k][i])
		}
		p := portable.Sigmoid(z)
		d, c := float64(w*(p-target.Target[r])), float64(w*float64(p*(1-p)))
		if target.Target[r] == 1 {
			z = -z
		}
		loss += float64(w * portable.Softplus(z))
		for k := range b {
			gradient[k] += float64(d * features[k][i])
			for j := range k + 1 {
				hessian[k*n+j] += float64(float64(c*features[k][i]) * features[j][i])
			}
		}
	}
	return loss, gradient, hessian
}

// solve is the inverse of the positive definite matrix whose lower triangle
// is a, times x.
func solve(a, x []float64) []float64 {
	n := len(x)
	l, y := slices.Clone(a), slices.Clone(x)
	for i := range n {
		for j := range i + 1 {
			sum := l[i*n+j]
			for k := range j {
				sum -= float64(l[i*n+k] * l[j*n+k])
			}
			if i == j {
				l[i*n+i] = math.Sqrt(max(sum, tiny))
			} else {
				l[i*n+j] = sum / l[j*n+j]
			}
		}
		for k := range i {
			y[i] -= float64(l[i*n+k] * y[k])
		}
		y[i] /= l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			y[i] -= float64(l[k*n+i] * y[k])
		}
		y[i] /= l[i*n+i]
	}
	return y
}

const (
	isotonicRows = 200 // least rows of either class
	perBin       = 25  // rows of the rarer class in a bin, on average
	mostBins     = 40
)

// isotonicBlock is rows with neighbouring predictions.
type isotonicBlock struct {
	weight, logit, hits float64 // of logit and hits the weighted sums
	trust, claimed      float64 // rows that what was predicted counts as, and hits among them
}

func (b isotonicBlock) rate() float64 { return (b.hits + b.claimed) / (b.weight + b.trust) }

// believe lets what was predicted count as so many rows that one of them is of
// the rarer class, but at most as the rows that are there: a bin without a hit,
// where none or one was to be expected, says next to nothing against it.
func (b *isotonicBlock) believe() {
	p := portable.Sigmoid(b.logit / b.weight)
	b.trust = min(1/min(p, 1-p), b.weight)
	b.claimed = p * b.trust
}

// isotonic is the rising step function of least squares over bins of equal
// numbers of rows, joined by straight lines between the centres of its steps.
func isotonic(target metric.Sample, prediction []float64, rows []int32) (Map, error) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(prediction[a], prediction[b]) })
	positives := 0
	for _, r := range rows {
		positives += int(target.Target[r])
	}
	rare := min(positives, len(rows)-positives)
	if rare < isotonicRows {
		return Map{}, errNoMap
	}
	bins := min(rare/perBin, mostBins)
	var blocks []isotonicBlock
	last := -1
	for i, r := range rows {
		bin := i * bins / len(rows)
		if bin != last && (i == 0 || prediction[r] > prediction[rows[i-1]]) {
			blocks = append(blocks, isotonicBlock{})
			last = bin
		}
		b, w := &blocks[len(blocks)-1], weight(target, r)
		b.weight += w
		b.logit += float64(w * LogOdds(prediction[r]))
		b.hits += float64(w * target.Target[r])
	}
	m := Map{Kind: Isotonic, Width: 1}
	for _, b := range rising(blocks) {
		m.Knots = append(m.Knots, [2]float64{b.logit / b.weight, LogOdds(b.rate())})
	}
	return m, m.Check()
}

// rising joins neighbours until the rates rise (pool adjacent violators).
func rising(blocks []isotonicBlock) []isotonicBlock {
	var out []isotonicBlock
	for _, b := range blocks {
		if b.weight == 0 {
			continue
		}
		b.believe()
		for len(out) > 0 && out[len(out)-1].rate() >= b.rate() {
			a := out[len(out)-1]
			out = out[:len(out)-1]
			b = isotonicBlock{a.weight + b.weight, a.logit + b.logit, a.hits + b.hits, a.trust + b.trust, a.claimed + b.claimed}
		}
		out = append(out, b)
	}
	return out
}

// temperature minimises log loss + (slope - 1)² / 2 by Newton's method.
func temperature(target metric.Sample, prediction []float64, rows []int32) Map {
	width := target.Classes
	m := Map{Kind: Temperature, Width: width, Slope: 1}
	z := make([]float64, len(rows)*width)
	for i, r := range rows {
		for k := range width {
			z[i*width+k] = portable.Log(max(prediction[int(r)*width+k], tiny))
		}
	}
	p := make([]float64, width)
	for range 50 {
		gradient, hessian := m.Slope-1, 1.0
		for i, r := range rows {
			z, w := z[i*width:(i+1)*width], weight(target, r)
			for k := range p {
				p[k] = m.Slope * z[k]
			}
			portable.Softmax(p)
			mean, square := 0.0, 0.0
			for k := range z {
				mean += float64(p[k] * z[k])
				square += float64(float64(p[k]*z[k]) * z[k])
			}
			gradient += float64(w * (mean - z[int(target.Target[r])]))
			hessian += float64(w * (square - float64(mean*mean)))
		}
		step := gradient / hessian
		m.Slope = max(m.Slope-step, leastSlope)
		if math.Abs(step) < 1e-10 {
			break
		}
	}
	return m
}
