// Package neighbor predicts a row by the nearest rows that were seen.
//
// Rows are compared on the features of a ridge fit (package linear), each
// stretched by the strength that it has there: what does not matter for the
// target does not make rows far from one another.
package neighbor

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/linear"
)

// Learner is the settings.
type Learner struct {
	K     int  `json:"k"`     // neighbours. 0: the root of the number of rows, 5 to 50
	Ranks bool `json:"ranks"` // numbers are compared by their quantile
	Rows  int  `json:"rows"`  // rows that are kept at most, evenly spread. 0: 10,000
}

// mostK bounds the neighbours of a setting, and of a file that is read.
const mostK = 1000

// Name is "neighbor".
func (Learner) Name() string { return "neighbor" }

// Fit is learn.Learner's; valid is not looked at.
func (l Learner) Fit(ctx context.Context, train learn.Data, _ *learn.Data, opt learn.Options) (learn.Model, error) {
	if l.K < 0 || l.K > mostK || l.Rows < 0 || l.Rows > 1<<20 {
		return nil, fmt.Errorf("fit neighbor: k %d, rows %d: out of range", l.K, l.Rows)
	}
	fitted, err := linear.Learner{L2: 1, Ranks: l.Ranks}.Fit(ctx, train, nil, opt)
	if err != nil {
		return nil, fmt.Errorf("fit neighbor: %w", err)
	}
	m := &Model{space: fitted.(*linear.Model)}
	m.measure()
	rows := l.keep(&train)
	m.k = l.neighbours(len(rows))
	width := len(train.Table.Columns)
	x := make([]float64, width)
	for _, r := range rows {
		train.Table.Gather(x, []int32{r})
		m.add(x, train.Target[r], train.WeightOf(int(r)))
	}
	return m, nil
}

// keep is the rows with a weight; of too many, evenly spread ones.
func (l Learner) keep(d *learn.Data) []int32 {
	var rows []int32
	for i := range d.N() {
		if r := d.Row(i); d.WeightOf(r) > 0 {
			rows = append(rows, int32(r))
		}
	}
	most := cmp.Or(l.Rows, 10000)
	if n := len(rows); n > most {
		some := make([]int32, most)
		for i := range some {
			some[i] = rows[i*n/most]
		}
		return some
	}
	return rows
}

func (l Learner) neighbours(rows int) int {
	if l.K > 0 {
		return l.K
	}
	return min(max(int(math.Sqrt(float64(rows))), 5), 50)
}

// Model is the rows that were kept.
type Model struct {
	space *linear.Model
	k     int

	dense  []float32 // space.Dense values a row, stretched
	slot   []int32   // space.Slots() a row: the feature that is on, -1 for none
	target []float64
	weight []float64

	stretch []float64 // of each feature; made by measure
	apart   []float64 // its square
	slots   int       // space.Slots()
}

// measure makes what follows from space. A feature is stretched by its strength
// and a tenth of the mean strength, so that one that the ridge does without
// still tells rows apart a little; by 10^-12 where none has any, and by 10^6 at
// most, so that distances are finite.
func (m *Model) measure() {
	m.stretch = m.space.Strength()
	mean := 0.0
	for _, s := range m.stretch {
		mean += s / float64(len(m.stretch))
	}
	m.apart = make([]float64, len(m.stretch))
	for j := range m.stretch {
		m.stretch[j] = min(m.stretch[j]+float64(0.1*mean)+1e-12, 1e6)
		m.apart[j] = m.stretch[j] * m.stretch[j]
	}
	m.slots = m.space.Slots()
}

// place writes where a row of the table is.
func (m *Model) place(x []float64, dense []float64, slot []int32) {
	m.space.Encode(x, dense, slot)
	for j := range dense {
		dense[j] = float64(float32(dense[j] * m.stretch[j]))
	}
}

func (m *Model) add(x []float64, y, w float64) {
	dense, slot := make([]float64, m.space.Dense), make([]int32, m.slots)
	m.place(x, dense, slot)
	for _, v := range dense {
		m.dense = append(m.dense, float32(v))
	}
	m.slot = append(m.slot, slot...)
	m.target = append(m.target, y)
	m.weight = append(m.weight, w)
}

// Name is "neighbor".
func (m *Model) Name() string { return Learner{}.Name() }

// Width is 1, or the number of classes of a multiclass model.
func (m *Model) Width() int { return m.space.Width() }

// Columns is the number of columns of the table.
func (m *Model) Columns() int { return len(m.space.Columns) }

// Cost is the work of a prediction, in steps of a few nanoseconds.
func (m *Model) Cost() int { return len(m.target) * (1 + (m.space.Dense+m.slots)/4) }

// near is a kept row and the square of its distance.
type near struct {
	distance float64
	row      int
}

// Predict is learn.Model's: the mean of the neighbours' targets, each weighted
// by 1 - (distance / that of the farthest)² and a tenth, and the prediction of
// the ridge as one neighbour more.
func (m *Model) Predict(x, out []float64) {
	columns, width := len(m.space.Columns), m.Width()
	dense, slot := make([]float64, m.space.Dense), make([]int32, m.slots)
	found := make([]near, 0, m.k+1)
	for i := range len(out) / width {
		row, o := x[i*columns:(i+1)*columns], out[i*width:(i+1)*width]
		m.place(row, dense, slot)
		found = m.nearest(dense, slot, found[:0])
		m.space.Predict(row, o)
		m.blend(found, o)
	}
}

// nearest is the k nearest rows, nearest first; of equals the first.
func (m *Model) nearest(dense []float64, slot []int32, found []near) []near {
	for r := range m.target {
		d := m.distance(r, dense, slot)
		if len(found) == m.k && d >= found[m.k-1].distance {
			continue
		}
		at, _ := slices.BinarySearchFunc(found, d, func(n near, d float64) int {
			if n.distance <= d {
				return -1
			}
			return 1
		})
		found = slices.Insert(found, at, near{d, r})
		if len(found) > m.k {
			found = found[:m.k]
		}
	}
	return found
}

// distance is the squared one from a kept row.
func (m *Model) distance(r int, dense []float64, slot []int32) float64 {
	sum := 0.0
	for j, v := range m.dense[r*len(dense) : (r+1)*len(dense)] {
		e := float64(v) - dense[j]
		sum += float64(e * e)
	}
	for j, s := range m.slot[r*m.slots : (r+1)*m.slots] {
		if t := slot[j]; s != t {
			if s >= 0 {
				sum += m.apart[s]
			}
			if t >= 0 {
				sum += m.apart[t]
			}
		}
	}
	return sum
}

// blend joins the neighbours with what out holds.
func (m *Model) blend(found []near, out []float64) {
	farthest := max(found[len(found)-1].distance, math.SmallestNonzeroFloat64)
	total := 1.0
	for _, n := range found {
		w := float64(m.weight[n.row] * (1.1 - n.distance/farthest))
		total += w
		switch y := m.target[n.row]; {
		case len(out) > 1:
			out[int(y)] += w
		case m.space.Task == learn.Binary:
			out[0] += float64(w * y)
		default: // steps that cannot overflow
			out[0] += float64(w / total * (y - out[0]))
		}
	}
	if m.space.Task == learn.Regression {
		return
	}
	for k := range out {
		out[k] = min(out[k]/total, 1)
	}
}
