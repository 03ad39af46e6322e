package ensemble

import (
	"math"

	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

const (
	maxRows   = 50_000  // out-of-fold rows that are looked at, spread over all
	maxScores = 150_000 // of a model on them
	doubt     = 1.0     // rows' worth of belief that all models are equally good
	least     = 0.025   // weight of a model that is kept
	patience  = 300     // most steps
	halvings  = 40      // of a step that leads up, before none is to be found: to 10^-12 of it
	enough    = 1e-7    // loss per row that the last step may still bring
	floor     = 1e-100  // weight whose logarithm is taken in place of 0's
)

// Select weighs models by their out-of-fold predictions. The weights, 0 or
// more with the sum 1, have the least
//
//	Σ loss(row, pool) + doubt × KL(weights ‖ equal weights)
//
// so that a few rows do not silence a model that is as good as the others. Weights
// that are fitted to rows look better on them than they are (decision 9 says by how
// much). The loss is the log loss of the logarithmic pool for classes, and for values
// half the squared error of the linear one in units of the best model's, whatever the
// primary metric: it is proper, smooth, and convex in the weights, so there is one
// answer. A model of less than a fortieth costs time and bytes and gives next to
// nothing: it is left out, and the rest is weighed again.
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

// selection is the sampled rows. Values are seen as errors, in units of the best
// model's root mean squared one.
type selection struct {
	pool   Pool // Linear: of values
	width  int
	target []float64   // class or value, by row
	scores [][]float64 // those of the pool, or errors: by model and row, width each
}

func newSelection(target metric.Sample, predictions [][]float64) *selection {
	n := len(target.Target)
	s := &selection{pool: Logarithmic, width: len(predictions[0]) / n}
	if target.Classes == 0 {
		s.pool = Linear
	}
	rows := portable.Spread(min(n, maxRows, max(maxScores/s.width, 1)), n)
	for _, row := range rows {
		s.target = append(s.target, target.Target[row])
	}
	for _, prediction := range predictions {
		scores := make([]float64, 0, len(rows)*s.width)
		for _, row := range rows {
			for _, v := range prediction[row*s.width : (row+1)*s.width] {
				scores = append(scores, s.pool.Score(v, s.width))
			}
		}
		s.scores = append(s.scores, scores)
	}
	if s.pool == Linear {
		s.standardize()
	}
	return s
}

// standardize makes errors of values.
func (s *selection) standardize() {
	smallest := math.Inf(1)
	for _, scores := range s.scores {
		squares := 0.0
		for i := range scores {
			scores[i] -= s.target[i]
			squares += float64(scores[i] * scores[i])
		}
		smallest = math.Min(smallest, squares)
	}
	if smallest == 0 {
		return
	}
	unit := math.Sqrt(smallest / float64(len(s.target)))
	for _, scores := range s.scores {
		for i := range scores {
			scores[i] /= unit
		}
	}
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
	mix := make([]float64, len(s.target)*s.width)
	for k, j := range in {
		for i, v := range s.scores[j] {
			mix[i] += float64(weights[k] * v)
		}
	}
	total := 0.0
	for i, y := range s.target {
		total += s.rowLoss(mix[i*s.width:(i+1)*s.width], y)
	}
	n := float64(len(s.target))
	doubted := 0.0
	for k, j := range in {
		sum := 0.0
		for i, v := range s.scores[j] {
			sum += float64(mix[i] * v)
		}
		odds := portable.Log(math.Max(weights[k], floor) * float64(len(in)))
		slope[k] = (sum + float64(doubt*odds)) / n
		doubted += float64(weights[k] * odds)
	}
	return (total + float64(doubt*doubted)) / n
}

// rowLoss is the loss of a row's mean scores, which become its slope by each of
// them.
func (s *selection) rowLoss(mean []float64, y float64) float64 {
	switch {
	case s.pool == Linear:
		return float64(mean[0] * mean[0] / 2)
	case s.width == 1:
		z := mean[0]
		mean[0] = portable.Sigmoid(z) - y
		return portable.Softplus(z) - float64(y*z)
	}
	z := mean[int(y)]
	loss := portable.Softmax(mean) - z
	mean[int(y)]--
	return loss
}
