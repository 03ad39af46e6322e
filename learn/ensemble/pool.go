package ensemble

import (
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
)

// Pool is how many predictions become one.
type Pool byte

const (
	// Linear is the weighted mean of the predictions.
	Linear Pool = iota

	// Logarithmic is, of probabilities, the weighted mean of their logarithms,
	// made into probabilities again: of two classes, of the log-odds. A member
	// that is sure is heard more than one that hesitates, so the mean is less
	// timid than a linear one. Source: Genest & Zidek 1986, Combining
	// probability distributions.
	Logarithmic
)

// PoolOf is the pool for a task's predictions.
func PoolOf(task learn.Task) Pool {
	if task == learn.Regression {
		return Linear
	}
	return Logarithmic
}

// rarest is the least probability that a logarithmic pool tells from 0, and
// 1 - rarest the greatest from 1, so that one member's certainty is no veto.
const rarest = 1e-6

// Score is what a pool takes the mean of, of a prediction of a model of the
// given width. It rises with the prediction.
func (p Pool) Score(prediction float64, width int) float64 {
	switch {
	case p == Linear:
		return prediction
	case width == 1:
		prediction = min(max(prediction, rarest), 1-rarest)
		return portable.Log(prediction / (1 - prediction))
	}
	return portable.Log(max(prediction, rarest))
}

// Predictions makes mean scores, width a row, into predictions, in place.
func (p Pool) Predictions(scores []float64, width int) {
	switch {
	case p == Linear:
	case width == 1:
		for i, z := range scores {
			scores[i] = portable.Sigmoid(z)
		}
	default:
		for ; len(scores) > 0; scores = scores[width:] {
			portable.Softmax(scores[:width])
		}
	}
}

// Mean is the pool of predictions of models of the given width, of as many rows
// each; the weights have the sum 1.
func (p Pool) Mean(weights []float64, predictions [][]float64, width int) []float64 {
	out := make([]float64, len(predictions[0]))
	for k, prediction := range predictions {
		for i, v := range prediction {
			out[i] += float64(weights[k] * p.Score(v, width))
		}
	}
	p.Predictions(out, width)
	return out
}
