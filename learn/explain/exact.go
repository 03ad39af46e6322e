package explain

import (
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/tree"
)

// exactly is the exact explanation of a model; nil where there is none.
func exactly(model learn.Model, columns int) explainer {
	switch m := model.(type) {
	case *tree.Model:
		return linked(m.Task, m.Explainer(), columns)
	case *forest.Model:
		return linked(learn.Regression, m.Explainer(), columns) // it explains its predictions
	case *root.Model:
		return squared(m, columns)
	case *linear.Model:
		return ofLinear(m, columns)
	case *baseline.Thumb:
		return thumb{m, columns}
	case *baseline.Constant:
		return constant(m.Value)
	}
	return nil
}

// scorer is a model that explains scores of its own, as many as Base has. With
// the base the contributions add up to a row's scores.
type scorer interface {
	Base() []float64
	Contributions(x, out []float64) // one value per score and column
	Cost() int
}

// member is a scorer and what leads from its scores to predictions.
type member struct {
	scorer
	columns    int
	prediction []float64           // by output: the base
	link       func(out []float64) // takes contributions from scores to predictions, in place; nil: they are the same
	outputs    []int               // of each score: the output; nil: as they are
}

// linked has the sigmoid (binary), softmax (multiclass) or nothing between
// scores and predictions.
func linked(task learn.Task, s scorer, columns int) *member {
	z := s.Base()
	m := &member{scorer: s, columns: columns, prediction: slices.Clone(z)}
	switch task {
	case learn.Binary:
		m.prediction[0] = portable.Sigmoid(z[0])
		m.link = func(out []float64) { scale(out, secant(portable.Sigmoid, z[0], z[0]+sum(out), nearScore)) }
	case learn.Multiclass:
		portable.Softmax(m.prediction)
		m.link = func(out []float64) { softmax(z, out) }
	}
	return m
}

// nearScore is the distance within which log-odds are as good as equal.
const nearScore = 1e-11

// ofLinear adds to linked that the classes without a row of training have a
// fixed probability, and that values are on a scale of their own.
func ofLinear(l *linear.Model, columns int) *member {
	m := linked(l.Task, l, columns)
	switch l.Task {
	case learn.Regression:
		m.prediction[0] = l.Offset + float64(l.Scale*m.prediction[0])
		m.link = func(out []float64) { scale(out, l.Scale) }
	case learn.Multiclass:
		left := 1 - float64(l.Rest*float64(l.Classes-len(l.Present)))
		all, among := slices.Repeat([]float64{l.Rest}, l.Classes), m.link
		for k, class := range l.Present {
			all[class] = m.prediction[k] * left
		}
		m.prediction, m.outputs = all, l.Present
		m.link = func(out []float64) {
			among(out)
			scale(out, left)
		}
	}
	return m
}

// ofRoots takes contributions to a root to the value that it means.
type ofRoots struct {
	explainer
	model *root.Model
}

// squared is the exact explanation of the roots, squared; nil where there is
// none.
func squared(m *root.Model, columns int) explainer {
	if of := exactly(m.Of, columns); of != nil {
		return ofRoots{of, m}
	}
	return nil
}

func (r ofRoots) base() []float64 { return []float64{r.model.Value(r.explainer.base()[0])} }

func (r ofRoots) add(x []float64, share float64, out []float64) {
	part := make([]float64, len(out))
	r.explainer.add(x, 1, part)
	from := r.explainer.base()[0]
	to := from + sum(part)
	scale(part, secant(r.model.Value, from, to, float64(1e-9*(1+math.Abs(from)))))
	for j, v := range part {
		out[j] += float64(share * v)
	}
}

func (m *member) base() []float64 { return m.prediction }
func (m *member) cost() int       { return m.Cost() }

func (m *member) add(x []float64, share float64, out []float64) {
	scores := len(m.Base())
	part := make([]float64, scores*m.columns)
	m.Contributions(x, part)
	if m.link != nil {
		m.link(part)
	}
	for k := range scores {
		to := k
		if m.outputs != nil {
			to = m.outputs[k]
		}
		for j, v := range part[k*m.columns : (k+1)*m.columns] {
			out[to*m.columns+j] += float64(share * v)
		}
	}
}

// thumb is a rule of thumb: its one column moves the prediction from that for
// all rows to that for the row's group.
type thumb struct {
	*baseline.Thumb
	columns int
}

func (t thumb) base() []float64 { return t.Value[len(t.Value)-1] }
func (t thumb) cost() int       { return 1 }

func (t thumb) add(x []float64, share float64, out []float64) {
	if t.Column < 0 {
		return
	}
	predicted := make([]float64, t.Width())
	t.Predict(x, predicted)
	for k, v := range t.base() {
		out[k*t.columns+t.Column] += float64(share * (predicted[k] - v))
	}
}

// constant is a model that looks at no column.
type constant []float64

func (c constant) base() []float64                   { return c }
func (c constant) cost() int                         { return 0 }
func (c constant) add([]float64, float64, []float64) {}

// softmax takes contributions to scores, whose base is z, to their softmax, in
// place. out has one value per score and column.
//
// The logarithm of a probability is score - L, where L = ln Σ exp score is
// convex: from the base to the row it rises by no less than what its slopes at
// the base (the probabilities there) say, and by no more than what those at
// the row say. So slopes between the two give just its rise, and with them a
// column's part in L is slope × its part in each score.
func softmax(z, out []float64) {
	columns := len(out) / len(z)
	end := make([]float64, len(z))
	for k := range z {
		end[k] = z[k] + sum(out[k*columns:(k+1)*columns])
	}
	p, q := slices.Clone(z), slices.Clone(end)
	base := portable.Softmax(p)
	top := portable.Softmax(q)
	least, most := 0.0, 0.0
	for k := range z {
		least += float64(p[k] * (end[k] - z[k]))
		most += float64(q[k] * (end[k] - z[k]))
	}
	way := 0.5
	if most-least > 1e-12 {
		way = min(max((top-base-least)/(most-least), 0), 1)
	}
	moved := make([]float64, columns) // by column: of L
	for k := range z {
		slope := p[k] + float64(way*(q[k]-p[k]))
		for j, v := range out[k*columns : (k+1)*columns] {
			moved[j] += float64(slope * v)
		}
	}
	for k := range z {
		slope := secant(portable.Exp, z[k]-base, end[k]-top, nearScore)
		for j := range columns {
			v := &out[k*columns+j]
			*v = (*v - moved[j]) * slope
		}
	}
}

// secant is the slope of f, which rises, between a and b; where they are no
// farther apart than near, between points of 2 × near around their middle.
func secant(f func(float64) float64, a, b, near float64) float64 {
	if math.Abs(b-a) <= near {
		middle := float64(a/2) + float64(b/2)
		a, b = middle-near, middle+near
	}
	if a == b {
		return 0
	}
	return (f(b) - f(a)) / (b - a)
}

func scale(v []float64, by float64) {
	for i := range v {
		v[i] *= by
	}
}

func sum(v []float64) float64 {
	total := 0.0
	for _, x := range v {
		total += x
	}
	return total
}
