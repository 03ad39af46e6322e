package net

import (
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
)

// Model is fitted nets: their mean predicts.
type Model struct {
	task    learn.Task
	classes int // as learn.Data
	columns []column
	shape   shape
	nets    []network

	// Regression: prediction = offset + scale × output, kept inside low..high,
	// the targets seen in training.
	offset, scale, low, high float64
}

// Name is "neural_net".
func (m *Model) Name() string { return Learner{}.Name() }

// Width is 1, or the number of classes of a multiclass model.
func (m *Model) Width() int {
	if m.task == learn.Multiclass {
		return m.classes
	}
	return 1
}

// Columns is the number of columns of the table.
func (m *Model) Columns() int { return len(m.columns) }

// Cost is the work of a prediction, in steps of a few nanoseconds.
func (m *Model) Cost() int {
	s := m.shape
	return len(m.nets) * (1 + (m.slots()+(s.hidden-1)*s.width+s.outputs)*s.width/4)
}

// slots is how many rows of the first layer a row of the table switches on.
func (m *Model) slots() int {
	n := 0
	for j := range m.columns {
		n += m.columns[j].slots()
	}
	return n
}

// Predict is learn.Model's.
func (m *Model) Predict(x, out []float64) {
	width, s := m.Width(), m.scorer()
	for i := range len(out) / width {
		at := 0
		for j := range m.columns {
			c := &m.columns[j]
			n := at + c.slots()
			c.encode(x[i*len(m.columns)+j], s.row[at:n], s.value[at:n])
			at = n
		}
		s.mean = out[i*width : (i+1)*width]
		clear(s.mean)
		for k := range m.nets {
			m.add(s, k)
		}
		m.finish(s.mean)
	}
}

// scorer is one row on its way through the nets.
type scorer struct {
	row          []int32   // the rows of the first layer's table that are on
	value        []float32 // and how much
	count        []int32   // 0, 1, ... width-1
	a, b, scores []float32
	one, mean    []float64 // what a net says; the mean over the nets
}

func (m *Model) scorer() *scorer {
	slots, w, outputs := m.slots(), m.shape.width, m.shape.outputs
	room := make([]float32, slots+2*w+outputs)
	said := make([]float64, 2*outputs)
	return &scorer{
		row: make([]int32, slots), count: counting(w),
		value: room[:slots], a: room[slots : slots+w], b: room[slots+w : slots+2*w], scores: room[slots+2*w:],
		one: said[:outputs], mean: said[outputs:],
	}
}

// add sets one to what net k says, and adds its part to mean.
func (m *Model) add(s *scorer, k int) {
	m.nets[k].score(s.row, s.value, s.a, s.b, s.scores, s.count)
	m.chances(s.scores, s.one)
	for c, p := range s.one {
		s.mean[c] += p / float64(len(m.nets))
	}
}

// chances makes probabilities of a net's outputs; of a regression it leaves
// them.
func (m *Model) chances(score []float32, out []float64) {
	for k, s := range score {
		out[k] = float64(s)
	}
	switch m.task {
	case learn.Binary:
		out[0] = portable.Sigmoid(out[0])
	case learn.Multiclass:
		portable.Softmax(out)
	}
}

// finish makes the prediction of the mean over the nets.
func (m *Model) finish(y []float64) {
	switch m.task {
	case learn.Regression:
		y[0] = min(max(m.offset+float64(m.scale*y[0]), m.low), m.high)
	case learn.Binary:
		y[0] = min(y[0], 1)
	case learn.Multiclass:
		sum := 0.0
		for _, p := range y {
			sum += p
		}
		for k := range y {
			y[k] /= sum
		}
	}
}
