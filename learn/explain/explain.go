// Package explain says why an ensemble gave a row its score: how much each
// column moved it, in one scale for members of every family.
//
// The scale is that of the score that is served: the value for regression, the
// log-odds of the calibrated probability for classes. The contributions of a
// row add up to its score minus the base, the score of a row of which nothing
// is known, and nothing is left over.
//
// Each member explains itself where it is additive, by Shapley values: trees
// by the path-dependent game (package shap), in log-odds where they are
// boosted and in probabilities where each tree has its own; linear models by
// coefficient × (value − mean). From there to the served score lead functions of
// one variable that rise (sigmoid, logarithm, calibration, log-odds), and the
// weighted mean of the ensemble's pool. Contributions pass a rising function by
// its slope between the base and the row, which is finite and not below 0; so
// every sum is kept, and of two classes every sign of a member's contribution.
// Trees for regression, and boosted trees for two classes that are pooled by their
// logarithms and need no calibration, have the very Shapley values of their game,
// but where a probability is at the ends of what the pool tells apart.
//
// Source: Chen, Lundberg, Lee 2022, Explaining a series of models by
// propagating Shapley values, Nature Communications 13 (the rescale rule).
//
// Members that have no exact form (neighbours, nets) are explained by
// permutations against made-up rows: an estimate, whose sum is exact.
package explain

import (
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/portable"
)

// Model explains one ensemble. It is never changed, and safe for concurrent
// use.
type Model struct {
	task        learn.Task
	width       int
	columns     int
	ensemble    *ensemble.Model
	calibration calibrate.Map
	parts       []part
	pooled      []float64 // by output: the mean score of the pool for a row of which nothing is known
	prediction  []float64 // by output: the ensemble's prediction for it
	base        []float64 // by output: the same in the scale of contributions
	cost        int
	exact       bool
}

// part is a model of the ensemble and its share of the mean.
type part struct {
	explainer
	share float64
}

// explainer explains a model's predictions as Predict gives them:
// probabilities, or the value.
type explainer interface {
	// base is, for each output, the prediction for a row of which nothing is
	// known.
	base() []float64

	// add adds share × each column's contribution to out, which has one value
	// per output and column.
	add(x []float64, share float64, out []float64)

	// cost is the work of add, in steps of a few nanoseconds.
	cost() int
}

// New lays an ensemble over a table of the given number of columns out for
// explanations. background are rows of that table, one after another, for
// members that have no exact explanation: one row at least.
func New(task learn.Task, e *ensemble.Model, c calibrate.Map, columns int, background []float64) *Model {
	m := &Model{
		task: task, width: e.Width(), columns: columns, ensemble: e, calibration: c,
		pooled: make([]float64, e.Width()), exact: true,
	}
	total := 0.0
	for _, member := range e.Members {
		total += member.Weight
	}
	for _, member := range e.Members {
		for i, model := range member.Models {
			p := part{share: member.Weight / total / float64(len(member.Models))}
			p.explainer = exactly(model, columns)
			if p.explainer == nil {
				p.explainer = sampling(model, columns, background, i, len(member.Models))
				m.exact = false
			}
			for k, v := range p.base() {
				m.pooled[k] += float64(p.share * m.poolScore(v))
			}
			m.cost += p.cost()
			m.parts = append(m.parts, p)
		}
	}
	m.prediction = slices.Clone(m.pooled)
	e.Pool.Predictions(m.prediction, m.width)
	m.base = m.calibrated(slices.Clone(m.prediction))
	m.Scale(m.base)
	return m
}

func (m *Model) poolScore(prediction float64) float64 {
	return m.ensemble.Pool.Score(prediction, m.width)
}

// Base is, for each output, the score of a row of which nothing is known, in
// the scale of contributions.
func (m *Model) Base() []float64 { return m.base }

// Exact tells whether no member is explained by an estimate.
func (m *Model) Exact() bool { return m.exact }

// Cost is the work of a row, in steps of a few nanoseconds.
func (m *Model) Cost() int { return m.cost }

// Scale turns scores as they are served, in place, into the scale of
// contributions: probabilities into log-odds, values into themselves.
func (m *Model) Scale(scores []float64) {
	if m.task == learn.Regression {
		return
	}
	for k, p := range scores {
		scores[k] = calibrate.LogOdds(p)
	}
}

// Row explains a row: out gets, for each output, how much each column moved
// the score. With the base they add up to the score, scaled. x has one value
// per column, out Width × columns.
func (m *Model) Row(x, out []float64) {
	clear(out)
	one := make([]float64, len(out))
	for _, p := range m.parts {
		m.add(p, x, one, out)
	}
	if m.task == learn.Regression {
		return
	}
	m.unpool(out)
	predicted := make([]float64, m.width)
	m.ensemble.Predict(x, predicted)
	from := m.prediction
	if m.calibration.Kind == calibrate.Temperature {
		from, predicted = m.temperature(out, predicted)
	}
	for k := range from {
		scale(out[k*m.columns:(k+1)*m.columns], secant(m.logOdds, from[k], predicted[k], near(from[k])))
	}
}

// add adds the contributions of a part to the mean score of the pool to out; one
// is memory of the same size.
func (m *Model) add(p part, x, one, out []float64) {
	if m.ensemble.Pool == ensemble.Linear {
		p.explainer.add(x, p.share, out)
		return
	}
	clear(one)
	p.explainer.add(x, 1, one)
	for k, from := range p.base() {
		of := one[k*m.columns : (k+1)*m.columns]
		slope := float64(p.share * secant(m.poolScore, from, from+sum(of), near(from)))
		for j, v := range of {
			out[k*m.columns+j] += float64(slope * v)
		}
	}
}

// unpool takes contributions to the mean score of the pool to the ensemble's
// predictions, in place.
func (m *Model) unpool(out []float64) {
	switch {
	case m.ensemble.Pool == ensemble.Linear:
	case m.width == 1:
		scale(out, secant(portable.Sigmoid, m.pooled[0], m.pooled[0]+sum(out), nearScore))
	default:
		softmax(m.pooled, out)
	}
}

// logOdds is the scaled score of a prediction. Temperature has been applied
// before.
func (m *Model) logOdds(p float64) float64 {
	if m.calibration.Kind != calibrate.Temperature {
		one := [1]float64{p}
		m.calibrated(one[:])
		p = one[0]
	}
	return calibrate.LogOdds(p)
}

// calibrated applies the calibration in place.
func (m *Model) calibrated(p []float64) []float64 {
	m.calibration.Apply(p)
	return p
}

// temperature takes contributions to the ensemble's probabilities through the
// calibration softmax(slope × ln p). It gives the calibrated base and
// prediction.
func (m *Model) temperature(out, predicted []float64) (from, to []float64) {
	z := make([]float64, m.width)
	for k, p := range m.prediction {
		z[k] = m.calibration.Score(p)
		scale(out[k*m.columns:(k+1)*m.columns], secant(m.calibration.Score, p, predicted[k], near(p)))
	}
	softmax(z, out)
	return m.calibrated(slices.Clone(m.prediction)), m.calibrated(predicted)
}

// near is the distance within which probabilities are as good as p.
func near(p float64) float64 { return float64(1e-11 * min(p, 1-p)) }
