package explain

import (
	"math/rand/v2"
	"slices"

	"github.com/septet-ml/septet/learn"
)

// orders of the columns are shared among the models of a bag, of which each has
// one at least.
const orders = 8

// sampled explains a model by what its predictions do while the columns of a
// made-up row become those of the row, one after another, in orders drawn at
// random. The steps add up to prediction minus base, whatever the orders.
// Every second order is the one before turned round, and each begins at
// another made-up row; where a bag has many models, the orders that belong
// together are those of neighbouring models. Source: Štrumbelj, Kononenko 2014,
// Explaining prediction models and individual predictions with feature
// contributions.
type sampled struct {
	model      learn.Model
	columns    int
	orders     [][]int     // of the columns
	background [][]float64 // the made-up row of each of orders
	start      [][]float64 // its prediction
	prediction []float64   // mean of start
	steps      int         // of one prediction
}

// sampling explains model number i of a bag of n.
func sampling(model learn.Model, columns int, background []float64, i, n int) explainer {
	s := &sampled{model: model, columns: columns, prediction: make([]float64, model.Width()), steps: 1}
	switch m := model.(type) {
	case interface{ Cost() int }:
		s.steps = m.Cost()
	default: // a walk over all that it holds
		if data, err := m.MarshalBinary(); err == nil {
			s.steps += len(data) / 8
		}
	}
	rows, each := len(background)/columns, (orders+n-1)/n
	for o := i * each; o < (i+1)*each; o++ {
		order := rand.New(rand.NewPCG(uint64(o/2), 0x5a9b)).Perm(columns)
		if o%2 == 1 {
			slices.Reverse(order)
		}
		row := background[o%rows*columns : (o%rows+1)*columns]
		start := make([]float64, model.Width())
		model.Predict(row, start)
		for k, v := range start {
			s.prediction[k] += v / float64(each)
		}
		s.orders, s.background, s.start = append(s.orders, order), append(s.background, row), append(s.start, start)
	}
	return s
}

func (s *sampled) base() []float64 { return s.prediction }

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
