package ensemble

import (
	"math"

	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

const (
	maxRows  = 50_000 // out-of-fold rows that are looked at, evenly spaced
	doubt    = 1.0    // rows' worth of belief that all models are equally good
	least    = 0.025  // weight of a model that is kept
	patience = 300    // most steps
	halvings = 40     // of a step that leads up, before none is to be found: to 10^-12 of it
	enough   = 1e-7   // loss per row that the last step may still bring
	floor    = 1e-100 // weight whose logarithm is taken in place of 0's
	rarest   = 1e-15  // probability that is told from 0, as in metric's log loss
)

// Select weighs models by their out-of-fold predictions. The weights, 0 or
// more with the sum 1, have the least
//
//	Σ loss(row, weighted mean) + doubt × KL(weights ‖ equal weights)
//
// so that few rows leave equally good models near equal weights, and many rows
// say what they say. The loss is log loss for classes, and for values half the
// squared error in units of the best model's, whatever the primary metric: it
// is proper, smooth, and convex in the weights, so there is one answer. A
// model of less than a fortieth costs time and bytes and gives next to nothing:
// it is left out, and the rest is weighed again.
//
// Sources: Caruana et al. 2004, Ensemble selection from libraries of models
// (what it is for); Kivinen & Warmuth 1997, Exponentiated gradient (the steps).
func Select(target metric.Sample, predictions [][]float64) []float64 {
	s := newSelection(target, predictions)
	in := make([]int, len(predictions))
	for j := range in {
		in[j] = j
	}
	for {
		weights := s.weigh(in)
		kept := in[:0:0]
		for k, w := range weights {
			if w >= min(least, 1/float64(len(in))) {
				kept = append(kept, in[k])
			}
		}
		if len(kept) == len(in) {
			out := make([]float64, len(predictions))
			for k, j := range in {
				out[j] = weights[k]
			}
			return out
		}
		in = kept
	}
}

// selection is the sampled rows: of each model, what it says of a row. For
// classes that is the probability of what happened; for values the error, in
// units of the best model's root mean squared one.
type selection struct {
	values bool
	rows   int
	said   [][]float64 // by model and row
}

func newSelection(target metric.Sample, predictions [][]float64) *selection {
	n := len(target.Target)
	s := &selection{values: target.Classes == 0, rows: min(n, maxRows)}
	width := len(predictions[0]) / n
	smallest := math.Inf(1)
	for _, p := range predictions {
		said, squares := make([]float64, s.rows), 0.0
		for i := range said {
			row := i * n / s.rows
			switch y := target.Target[row]; {
			case s.values:
				said[i] = p[row] - y
				squares += float64(said[i] * said[i])
			case width > 1:
				said[i] = p[row*width+int(y)]
			case y == 0:
				said[i] = 1 - p[row]
			default:
				said[i] = p[row]
			}
		}
		s.said = append(s.said, said)
		smallest = math.Min(smallest, squares)
	}
	if s.values && smallest > 0 {
		unit := math.Sqrt(smallest / float64(s.rows))
		for _, said := range s.said {
			for i := range said {
				said[i] /= unit
			}
		}
	}
	return s
}

// weigh is the weights of the models in, of which there is at least one: steps
// down the slope in the logarithms of the weights, from equal ones, halved
// where they lead up.
func (s *selection) weigh(in []int) []float64 {
	m := len(in)
	weights, slope := make([]float64, m), make([]float64, m)
	for k := range weights {
		weights[k] = 1 / float64(m)
	}
	loss := s.loss(in, weights, slope)
	size := 1.0
	next, nextSlope := make([]float64, m), make([]float64, m)
	for range patience {
		found := math.Inf(1)
		for range halvings {
			step(next, weights, slope, size)
			if found = s.loss(in, next, nextSlope); found <= loss {
				break
			}
			size /= 2
		}
		if !(found <= loss) {
			break
		}
		gain := loss - found
		loss = found
		weights, next = next, weights
		slope, nextSlope = nextSlope, slope
		if gain < enough {
			break
		}
		size *= 1.5
	}
	return weights
}

// step sets next to weights × exp(-size × slope), with the sum 1.
func step(next, weights, slope []float64, size float64) {
	top := math.Inf(-1)
	for k, w := range weights {
		next[k] = portable.Log(math.Max(w, floor)) - float64(size*slope[k])
		top = math.Max(top, next[k])
	}
	total := 0.0
	for k, v := range next {
		next[k] = portable.Exp(v - top)
		total += next[k]
	}
	for k := range next {
		next[k] /= total
	}
}

// loss is what the weights have the least of, per row, and its slope by each
// weight.
func (s *selection) loss(in []int, weights, slope []float64) float64 {
	mix := make([]float64, s.rows)
	for k, j := range in {
		for i, v := range s.said[j] {
			mix[i] += float64(weights[k] * v)
		}
	}
	total := 0.0
	for i, v := range mix {
		if s.values {
			total += float64(v * v / 2)
			continue
		}
		v = math.Max(v, rarest)
		total -= portable.Log(v)
		mix[i] = -1 / v
	}
	n := float64(s.rows)
	doubted := 0.0
	for k, j := range in {
		sum := 0.0
		for i, v := range s.said[j] {
			sum += float64(mix[i] * v)
		}
		odds := portable.Log(math.Max(weights[k], floor) * float64(len(in)))
		slope[k] = (sum + float64(doubt*odds)) / n
		doubted += float64(weights[k] * odds)
	}
	return (total + float64(doubt*doubted)) / n
}
