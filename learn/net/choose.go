package net

import (
	"math"

	"github.com/septet-ml/septet/learn"
)

// choose keeps the one net that does best on the rows of t, if it does better
// there than the mean of all. Nets are fitted under more and under less
// restraint: tables without noise want the last one alone.
func (m *Model) choose(t *targets) {
	losses := make([]float64, len(m.nets)+1) // of each net, then of their mean
	s := m.scorer()
	for i := range t.rows {
		first := i * t.x.slots
		copy(s.row, t.x.row[first:first+t.x.slots])
		copy(s.value, t.x.value[first:first+t.x.slots])
		clear(s.mean)
		for k := range m.nets {
			m.add(s, k)
			losses[k] += t.miss(i, s.one)
		}
		losses[len(m.nets)] += t.miss(i, s.mean)
	}
	best := len(m.nets)
	for k, loss := range losses {
		if loss < losses[best] {
			best = k
		}
	}
	if best < len(m.nets) {
		m.nets = m.nets[best : best+1]
	}
}

// miss is weight × the loss of a prediction for row i, as loss is of a net's
// outputs.
func (t *targets) miss(i int, p []float64) float64 {
	w, y := t.weight[i], t.value[i]
	switch t.task {
	case learn.Regression:
		e := p[0] - y
		return float64(w * float64(e*e) / 2)
	case learn.Binary:
		return -float64(w * safeLog(math.Abs(1-y-p[0])))
	}
	return -float64(w * safeLog(p[int(y)]))
}
