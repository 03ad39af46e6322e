package net

import (
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
)

// targets is the rows to learn from, those with a weight, and what is to be
// said of each: the class, or the value, standardised.
type targets struct {
	task   learn.Task
	rows   []int32   // row numbers of the table
	weight []float64 // of each of rows; their mean is 1
	value  []float64 // of each of rows
	x      coded     // each of rows as the first layer takes it

	offset, scale float64   // target = offset + scale × value
	low, high     float64   // the least and the greatest target
	bias          []float32 // the outputs that say the same of every row, what suits them best
}

// newTargets is the rows of d to learn from, without x.
func newTargets(d *learn.Data) *targets {
	t := &targets{task: d.Task, scale: 1, low: math.Inf(1), high: math.Inf(-1)}
	t.take(d)
	for _, y := range t.value {
		t.low, t.high = min(t.low, y), max(t.high, y)
	}
	switch d.Task {
	case learn.Regression:
		t.standardise(max(math.Abs(t.low), math.Abs(t.high), math.SmallestNonzeroFloat64))
		t.bias = []float32{0}
	default:
		t.bias = t.rates(d.Classes)
	}
	return t
}

// take reads the rows of d that have a weight.
func (t *targets) take(d *learn.Data) {
	total := 0.0
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		if w == 0 {
			continue
		}
		t.rows = append(t.rows, int32(r))
		t.weight = append(t.weight, w)
		t.value = append(t.value, d.Target[r])
		total += w / 1e10
	}
	for i := range t.weight {
		t.weight[i] = t.weight[i] / 1e10 / total * float64(len(t.weight))
	}
}

// others is rows that are only looked at, told as t's are.
func (t *targets) others(d *learn.Data) *targets {
	o := &targets{task: t.task, offset: t.offset, scale: t.scale}
	o.take(d)
	if t.task == learn.Regression {
		for i, y := range o.value {
			if o.value[i] = 0; t.scale > 0 {
				o.value[i] = y/t.scale - t.offset/t.scale
			}
		}
	}
	return o
}

// standardise makes values of mean 0 and variance 1, by way of -1..1 so that
// nothing overflows.
func (t *targets) standardise(largest float64) {
	mean, square, n := 0.0, 0.0, float64(len(t.value))
	for i, y := range t.value {
		mean += float64(t.weight[i]*(y/largest)) / n
	}
	for i, y := range t.value {
		e := y/largest - mean
		square += float64(t.weight[i]*float64(e*e)) / n
	}
	deviation := math.Sqrt(square)
	if deviation < 1e-12 {
		deviation = 0
	}
	for i, y := range t.value {
		if t.value[i] = 0; deviation > 0 {
			t.value[i] = (y/largest - mean) / deviation
		}
	}
	t.offset, t.scale = mean*largest, deviation*largest
}

// rates is the outputs that give each class its share of the weight.
func (t *targets) rates(classes int) []float32 {
	share := make([]float64, classes)
	for i, y := range t.value {
		share[int(y)] += t.weight[i]
	}
	out := make([]float32, classes)
	for k, s := range share {
		out[k] = float32(portable.Log((s + 0.5) / (float64(len(t.value)) + float64(float64(classes)/2))))
	}
	if t.task == learn.Binary {
		return []float32{out[1] - out[0]}
	}
	return out
}

// slope turns the outputs for row i into weight × the derivative of its loss
// by each output; p is room for as many values.
func (t *targets) slope(i int, out []float32, p []float64) {
	w, y := t.weight[i], t.value[i]
	switch t.task {
	case learn.Regression:
		out[0] = float32(w * (float64(out[0]) - y))
	case learn.Binary:
		out[0] = float32(w * (portable.Sigmoid(float64(out[0])) - y))
	default:
		for k, s := range out {
			p[k] = float64(s)
		}
		portable.Softmax(p)
		p[int(y)]--
		for k := range out {
			out[k] = float32(w * p[k])
		}
	}
}

// loss is weight × the loss of row i: -ln of the probability of what
// happened, or half the squared error.
func (t *targets) loss(i int, out []float32, p []float64) float64 {
	w, y := t.weight[i], t.value[i]
	switch t.task {
	case learn.Regression:
		e := float64(out[0]) - y
		return float64(w * float64(e*e) / 2)
	case learn.Binary:
		s := float64(out[0])
		if y == 1 {
			s = -s
		}
		return float64(w * portable.Softplus(s))
	}
	for k, s := range out {
		p[k] = float64(s)
	}
	own := p[int(y)]
	return float64(w * (portable.Softmax(p) - own))
}

// safeLog is the logarithm of a probability, of 10^-15 at least.
func safeLog(p float64) float64 { return portable.Log(max(p, 1e-15)) }
