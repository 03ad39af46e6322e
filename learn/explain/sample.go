package explain

import (
	"math/rand/v2"

	"github.com/septet-ml/septet/learn"
)

// pairs of permutations are shared among the models of a bag, of which each has
// one at least.
const pairs = 4

// sampled explains a model by what its predictions do while the columns of a
// made-up row become those of the row, one after another, in orders drawn at
// random, each used forwards and backwards. The steps add up to prediction
// minus base, whatever the orders. Source: Štrumbelj, Kononenko 2014,
// Explaining prediction models and individual predictions with feature
// contributions.
type sampled struct {
	model      learn.Model
	columns    int
	orders     [][]int     // of the columns
	background [][]float64 // a row for each of orders
	start      [][]float64 // its prediction
	prediction []float64   // mean of start, each as often as it is used
	steps      int         // of one prediction
}

// sampling explains model number i of a bag of n.
func sampling(model learn.Model, columns int, background []float64, i, n int) explainer {
	s := &sampled{model: model, columns: columns, prediction: make([]float64, model.Width()), steps: 1}
	if data, err := model.MarshalBinary(); err == nil { // what is not read for a prediction is little
		s.steps += len(data) / 8
	}
	random := rand.New(rand.NewPCG(uint64(i), 0x5a9b))
	rows := len(background) / columns
	for range max(1, pairs/n) {
		from := random.IntN(rows)
		row := background[from*columns : (from+1)*columns]
		order := random.Perm(columns)
		back := make([]int, columns)
		for k, j := range order {
			back[columns-1-k] = j
		}
		start := make([]float64, model.Width())
		model.Predict(row, start)
		for _, o := range [][]int{order, back} {
			s.orders, s.background, s.start = append(s.orders, o), append(s.background, row), append(s.start, start)
		}
	}
	for _, start := range s.start {
		for k, v := range start {
			s.prediction[k] += v / float64(len(s.start))
		}
	}
	return s
}

func (s *sampled) base() []float64 { return s.prediction }

// cost takes a prediction for a walk over all that the model holds.
func (s *sampled) cost() int { return s.steps * s.columns * len(s.orders) }

func (s *sampled) add(x []float64, share float64, out []float64) {
	width := s.model.Width()
	rows := make([]float64, s.columns*s.columns)
	predicted := make([]float64, s.columns*width)
	for i, order := range s.orders {
		row := s.background[i]
		for k, j := range order {
			next := rows[k*s.columns : (k+1)*s.columns]
			copy(next, row)
			next[j] = x[j]
			row = next
		}
		s.model.Predict(rows, predicted)
		before := s.start[i]
		for k, j := range order {
			after := predicted[k*width : (k+1)*width]
			for o := range after {
				out[o*s.columns+j] += float64(share * (after[o] - before[o]) / float64(len(s.orders)))
			}
			before = after
		}
	}
}
