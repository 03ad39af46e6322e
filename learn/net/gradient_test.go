package net

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
)

// The gradient is what the loss changes by when a weight is moved a little.
func TestGradientIsThatOfTheLoss(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Multiclass, learn.Regression} {
		d := learntest.Table(task, 60, 3)
		d.Weight = make([]float64, d.N())
		for i := range d.Weight {
			d.Weight[i] = float64(1 + i%3)
		}
		l := Learner{Width: 5, Hidden: 3}.filled(task)
		targets := newTargets(&d)
		m := &Model{task: d.Task, classes: d.Classes}
		m.columns, _ = fitColumns(t.Context(), &d, targets, 4, 1)
		m.shape = shape{width: l.Width, hidden: l.Hidden, outputs: m.Width()}
		for j := range m.columns {
			m.shape.rows += m.columns[j].rows()
		}
		targets.x, _ = m.encode(t.Context(), d.Table, targets.rows, 1)
		r := l.trainer(m, d.N(), rand.New(rand.NewPCG(1, 1)))
		r.net.start(m.columns, targets.bias, r.random)
		draw(r.net.all, 0.4, r.random)
		rows := make([]int32, d.N())
		for i := range rows {
			rows[i] = int32(i)
		}
		loss := func() float64 {
			r.sumUp()
			return r.loss(targets) * float64(d.N())
		}
		loss()
		r.gradient(targets, rows, 0)
		grad := append([]float32{}, r.grad.all...)
		for i, w := range r.net.all {
			const h = 1e-2
			r.net.all[i] = w + h
			above := loss()
			r.net.all[i] = w - h
			below := loss()
			r.net.all[i] = w
			if want := (above - below) / (2 * h); math.Abs(float64(grad[i])-want) > 2e-2*max(1, math.Abs(want)) {
				t.Errorf("%s: the derivative by weight %d is %v, want %v", task, i, grad[i], want)
			}
		}
	}
}
