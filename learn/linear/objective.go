package linear

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/table"
)

// block is the number of rows whose gradients are summed together. Sums of
// blocks are added in the order of the rows, so threads change nothing.
const block = 2048

// heldBytes is how large the dense features of all rows may be at most to be
// held. Larger ones are made again of the table, some rows at a time, whenever
// they are looked at: the same numbers, for more time and next to no memory.
const heldBytes = 512 << 20

// held is heldBytes, or what the limit of the heap leaves for it: all fits that
// are done side by side, with their validation rows, hold a quarter of it.
func held() int {
	return int(min(heldBytes, debug.SetMemoryLimit(-1)/8/int64(runtime.GOMAXPROCS(0))))
}

// encodeRows is how many rows are encoded at a time.
const encodeRows = 256

// objective is the loss of a model's coefficients on some rows: their targets
// and, up to heldBytes, their features.
//
// Coefficients of one output (class) lie together: one per feature, then the
// intercept.
type objective struct {
	model   *Model
	n       int
	threads int
	table   *table.Table
	from    []int32   // n: rows of the table
	dense   []float64 // n × model.Dense; nil: see heldBytes
	slot    []int32   // n × switches: the feature that is on, or -1
	slots   int       // switches per row
	target  []float64 // standardised value; 0 or 1; position in model.Present
	weight  []float64
	total   float64 // sum of weight
}

// newObjective encodes the rows with a weight above 0, and holds their dense
// features if these are no more than held bytes.
func newObjective(ctx context.Context, m *Model, d *learn.Data, threads, held int) (*objective, error) {
	n := d.N()
	o := &objective{
		model: m, threads: threads, table: d.Table,
		from: make([]int32, 0, n), weight: make([]float64, 0, n), target: make([]float64, 0, n),
	}
	for i := range n {
		r := d.Row(i)
		w := d.WeightOf(r)
		y, known := m.encodeTarget(d.Target[r])
		if w == 0 || !known {
			continue
		}
		o.from = append(o.from, int32(r))
		o.weight = append(o.weight, w)
		o.target = append(o.target, y)
		o.total += w
	}
	o.n = len(o.from)
	o.slots = m.Slots()
	o.slot = make([]int32, o.n*o.slots)
	if o.n*m.Dense*8 <= held {
		o.dense = make([]float64, o.n*m.Dense)
	} else if o.slots == 0 {
		return o, ctx.Err()
	}
	err := learn.Blocks(ctx, o.n, encodeRows, threads, func(lo, hi int) {
		var dense []float64
		if o.dense != nil {
			dense = o.dense[lo*m.Dense : hi*m.Dense]
		} else {
			dense = make([]float64, (hi-lo)*m.Dense)
		}
		o.encode(lo, hi, dense, o.slot[lo*o.slots:hi*o.slots])
	})
	return o, err
}

// encode writes the features of rows lo..hi-1 as Model.Encode does, but column
// by column. Without slot the switches are left out.
func (o *objective) encode(lo, hi int, dense []float64, slot []int32) {
	m, rows, s := o.model, o.from[lo:hi], 0
	for j := range m.Columns {
		c, of := &m.Columns[j], &o.table.Columns[j]
		if c.Number != nil && len(c.Number.Mean) > 0 {
			c.Number.column(of, rows, dense[c.Number.First:], m.Dense)
		}
		if slot == nil || !c.switches() {
			continue
		}
		for i, r := range rows {
			slot[i*o.slots+s] = int32(c.slot(of.Float(int(r))))
		}
		s++
	}
	if len(m.Products) > 0 {
		for i := range rows {
			m.multiply(dense[i*m.Dense : (i+1)*m.Dense])
		}
	}
	if slot == nil {
		return
	}
	for k := range m.Crosses {
		c := &m.Crosses[k]
		a, b := &o.table.Columns[c.A], &o.table.Columns[c.B]
		for i, r := range rows {
			slot[i*o.slots+s+k] = int32(c.slot(a.Float(int(r)), b.Float(int(r))))
		}
	}
}

// features are the dense features of rows lo..hi-1; room is where they are made
// if they are not held, and may be nil.
func (o *objective) features(lo, hi int, room []float64) []float64 {
	if o.dense != nil {
		return o.dense[lo*o.model.Dense : hi*o.model.Dense]
	}
	if room == nil {
		room = make([]float64, (hi-lo)*o.model.Dense)
	}
	room = room[:(hi-lo)*o.model.Dense]
	o.encode(lo, hi, room, nil)
	return room
}

// size is the number of coefficients.
func (o *objective) size() int { return o.model.outputs() * (o.model.Features + 1) }

// start is coefficients of 0 with the intercepts of the base rates.
func (o *objective) start() []float64 {
	theta := make([]float64, o.size())
	if o.model.Task == learn.Regression {
		return theta
	}
	rate := o.rates()
	p := o.model.Features + 1
	if o.model.Task == learn.Binary {
		theta[p-1] = portable.Log(rate[1] / rate[0])
		return theta
	}
	for k, r := range rate {
		theta[k*p+p-1] = portable.Log(r)
	}
	return theta
}

// rates is the weight of each class, over all.
func (o *objective) rates() []float64 {
	rate := make([]float64, max(o.model.outputs(), 2))
	for i, y := range o.target {
		rate[int(y)] += o.weight[i] / o.total
	}
	return rate
}

// loss is Σ weight × loss(row).
func (o *objective) loss(ctx context.Context, theta []float64) (float64, error) {
	return o.gradient(ctx, theta, nil)
}

// gradient is the loss, and adds its derivative to grad if that is not nil.
func (o *objective) gradient(ctx context.Context, theta, grad []float64) (float64, error) {
	blocks := (o.n + block - 1) / block
	losses := make([]float64, blocks)
	grads := make([][]float64, blocks)
	err := learn.Blocks(ctx, o.n, block, o.threads, func(lo, hi int) {
		b := lo / block
		if grad != nil {
			grads[b] = make([]float64, len(grad))
		}
		losses[b] = o.rows(lo, hi, theta, grads[b])
	})
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for b, l := range losses {
		sum += l
		for j, g := range grads[b] {
			grad[j] += g
		}
	}
	return sum, nil
}

// rows is gradient over rows lo..hi-1.
func (o *objective) rows(lo, hi int, theta, grad []float64) float64 {
	m, p := o.model, o.model.Features+1
	score := make([]float64, m.outputs())
	sum := 0.0
	var features, room []float64 // of the next rows
	if o.dense == nil {
		room = make([]float64, min(hi-lo, encodeRows)*m.Dense)
	}
	for i := lo; i < hi; i++ {
		if len(features) == 0 {
			features = o.features(i, min(i+encodeRows, hi), room)
		}
		dense := features[:m.Dense]
		features = features[m.Dense:]
		slots := o.slot[i*o.slots : (i+1)*o.slots]
		for k := range score {
			score[k] = linear(theta[k*p:(k+1)*p], dense, slots)
		}
		sum += float64(o.weight[i] * m.rowLoss(score, o.target[i]))
		if grad == nil {
			continue
		}
		for k, s := range score {
			addTo(grad[k*p:(k+1)*p], float64(o.weight[i]*s), dense, slots)
		}
	}
	return sum
}

// rowLoss is the loss of a row, and turns score into its derivative by each
// score.
func (m *Model) rowLoss(score []float64, y float64) float64 {
	switch m.Task {
	case learn.Regression:
		score[0] -= y
		return float64(score[0]*score[0]) / 2
	case learn.Binary:
		s := score[0]
		score[0] = portable.Sigmoid(s) - y
		if y == 1 {
			s = -s
		}
		return portable.Softplus(s)
	}
	s := score[int(y)]
	sum := portable.Softmax(score)
	score[int(y)]--
	return sum - s
}

// linear is the intercept plus
//
//	for j, x := range dense { sum += b[j] * x }
//	for _, s := range slots { if s >= 0 { sum += b[s] } }
func linear(b, dense []float64, slots []int32) float64 {
	sum := b[len(b)-1]
	for _, s := range slots {
		if s >= 0 {
			sum += b[s]
		}
	}
	return sum + dot(dense, b)
}

// addTo is
//
//	for j, x := range dense { grad[j] += r * x }
//	for _, s := range slots { if s >= 0 { grad[s] += r } }
//
// and the same for the intercept.
func addTo(grad []float64, r float64, dense []float64, slots []int32) {
	add(grad[:len(dense)], r, dense)
	for _, s := range slots {
		if s >= 0 {
			grad[s] += r
		}
	}
	grad[len(grad)-1] += r
}

// minimise starts from theta, which it leaves as it is, and ends where a step
// promises less than the part precision of the objective.
func (o *objective) minimise(ctx context.Context, theta []float64, l2, l1, precision float64) ([]float64, error) {
	p := o.model.Features + 1
	free := func(j int) bool { return j%p == p-1 }
	s := solver{l1: make([]float64, len(theta)), precision: precision}
	s.renew = func(theta []float64) error {
		c, err := o.precondition(ctx, theta, l2, l1 > 0)
		s.precondition = c.solve
		return err
	}
	for j := range theta {
		if !free(j) {
			s.l1[j] = l1
		}
	}
	s.f = func(theta, grad []float64) (float64, error) {
		clear(grad)
		loss, err := o.gradient(ctx, theta, grad)
		for j, b := range theta {
			if !free(j) {
				loss += float64(float64(l2*float64(b*b)) / 2)
				grad[j] += float64(l2 * b)
			}
		}
		return loss, err
	}
	return s.minimise(theta)
}
