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
	width, slots, hidden := m.Width(), m.slots(), m.shape.width
	room := make([]float32, slots+2*hidden+m.shape.outputs)
	value, a, b, score := room[:slots], room[slots:slots+hidden], room[slots+hidden:slots+2*hidden], room[slots+2*hidden:]
	row := make([]int32, slots)
	count := counting(hidden)
	one := make([]float64, width)
	for i := range len(out) / width {
		at := 0
		for j := range m.columns {
			c := &m.columns[j]
			n := at + c.slots()
			c.encode(x[i*len(m.columns)+j], row[at:n], value[at:n])
			at = n
		}
		y := out[i*width : (i+1)*width]
		clear(y)
		for k := range m.nets {
			m.nets[k].score(row, value, a, b, score, count)
			m.chances(score, one)
			for c, p := range one {
				y[c] += p / float64(len(m.nets))
			}
		}
		m.finish(y)
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
		v := min(max(m.offset+float64(m.scale*y[0]), m.low), m.high)
		y[0] = v
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
