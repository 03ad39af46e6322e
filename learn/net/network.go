package net

import (
	"math"
	"math/rand/v2"
)

// network is the weights of one net. They lie one after another in all, of
// which the other slices are parts.
type network struct {
	all    []float32
	first  []float32 // rows × width: what each row of the columns adds to the first layer
	bias   []float32 // width: of the first layer
	layers []layer   // the further hidden layers and the last one
}

// layer is y[o] = bias[o] + Σ x[i] × weight[i*out+o].
type layer struct {
	in, out int
	weight  []float32 // in × out
	bias    []float32 // out
}

// shape is the size of a network.
type shape struct {
	rows    int // of the first layer's table
	width   int // units of a hidden layer
	hidden  int // hidden layers, 1 or more
	outputs int // 1, or the number of classes
}

// size is the number of weights.
func (s shape) size() int {
	return (s.rows+1)*s.width + (s.hidden-1)*(s.width+1)*s.width + (s.width+1)*s.outputs
}

// lay makes a network of the weights in all, which has size entries.
func (s shape) lay(all []float32) network {
	n := network{all: all}
	take := func(size int) []float32 {
		part := all[:size:size]
		all = all[size:]
		return part
	}
	n.first = take(s.rows * s.width)
	n.bias = take(s.width)
	for range s.hidden - 1 {
		n.layers = append(n.layers, layer{s.width, s.width, take(s.width * s.width), take(s.width)})
	}
	n.layers = append(n.layers, layer{s.width, s.outputs, take(s.width * s.outputs), take(s.outputs)})
	return n
}

// score writes the outputs of one row, whose switched-on rows of the first
// layer are given. a and b are room for width values each, count is
// 0, 1, ... width-1.
func (n *network) score(row []int32, value, a, b, out []float32, count []int32) {
	look(a, n.bias, n.first, row, value)
	for i := range n.layers {
		l := &n.layers[i]
		bendOnly(a)
		if i == len(n.layers)-1 {
			look(out, l.bias, l.weight, count, a)
			return
		}
		look(b, l.bias, l.weight, count, a)
		a, b = b, a
	}
}

// start draws the weights: those of the first layer so that a row's sum over
// the columns has variance 1, those of the hidden layers so that it stays, and
// zeros for the last layer, whose bias is given. Rows of missing values and of
// rare levels, and the cuts of numbers, begin at 0.
func (n *network) start(columns []column, bias []float32, r *rand.Rand) {
	width := len(n.bias)
	scale := 1 / math.Sqrt(float64(max(len(columns), 1)))
	for i := range columns {
		c := &columns[i]
		rows := len(c.levels)
		if !c.text {
			rows = 1
		}
		draw(n.first[c.first*width:(c.first+rows)*width], scale, r)
	}
	draw(n.bias, 0.5, r)
	for _, l := range n.layers[:len(n.layers)-1] {
		draw(l.weight, gain/math.Sqrt(float64(l.in)), r)
	}
	copy(n.layers[len(n.layers)-1].bias, bias)
}

// gain is 1 / √E f(z)² for a standard normal z and f of bend.
const gain = 1.67

// draw fills x with values spread evenly about 0 with the given standard
// deviation.
func draw(x []float32, deviation float64, r *rand.Rand) {
	for i := range x {
		x[i] = float32((float64(r.Float64()) - 0.5) * float64(2*math.Sqrt(3)*deviation))
	}
}
