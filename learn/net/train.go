package net

import (
	"context"
	"math"
	"math/rand/v2"
)

// trainer is one net while it learns. Buffers hold a batch, row by row.
//
// The rows of the first layer's table are learned in another form. A cut's
// row is the sum of the steps from the column's first cut to it, so that what
// a row of the data teaches about its own piece of the line is, for a part,
// told to all to the right of it: lines come out smooth. Cuts at values that
// many rows have may stand out by themselves: they have a second row, which
// is added. Source: Gorishniy, Rubachev & Babenko 2022, section 3.2, whose
// encoding gives the same sums.
type trainer struct {
	Learner
	shape   shape // with the second rows, which come last
	rows    int   // without
	columns []column
	steep   []int // the rows that have a second one

	net          network   // what is learned
	table        []float32 // the first layer's table, made of net.first
	grad         network
	mean, square []float32 // Adam: of the gradient and of its square
	decay        []float32 // of each weight

	act, slope [][]float32 // of each hidden layer: what its units give, and the slope there
	out        []float32
	down, up   []float32 // derivatives by a layer's outputs and inputs
	turned     []float32 // a transposed matrix
	count      []int32   // 0, 1, ...
	p          []float64
	random     *rand.Rand
	power      [2]float64 // β1 and β2 to the power of the steps done
}

// Adam's constants. Source: Kingma & Ba 2015; β2 as Holzmüller et al. 2024.
const (
	beta1   = 0.9
	beta2   = 0.95
	epsilon = 1e-8
)

// train fits one net to t and gives it as it was after the epoch that did best
// on valid; the last one, where valid is nil. number is its number.
func (l Learner) train(ctx context.Context, m *Model, t, valid *targets, seed uint64, number int) (network, error) {
	n := len(t.rows)
	epochs, steps := l.epochs(n), max(n/l.batch(n), 1)
	r := l.trainer(m, (n+steps-1)/steps, rand.New(rand.NewPCG(seed, uint64(number))))
	r.net.start(m.columns, t.bias, r.random)
	best, least := m.shape.lay(make([]float32, m.shape.size())), math.Inf(1)
	order := counting(n)
	for e := range epochs {
		shuffle(order, r.random)
		for s := range steps {
			if err := ctx.Err(); err != nil {
				return network{}, err
			}
			part := (float64(e) + float64(s)/float64(steps)) / float64(epochs)
			r.step(t, order[s*n/steps:(s+1)*n/steps], part)
		}
		r.sumUp()
		if valid == nil {
			continue
		}
		if loss := r.loss(valid); loss < least {
			least = loss
			r.keep(best)
		}
	}
	if math.IsInf(least, 1) {
		r.keep(best)
	}
	best.fillUnseen(m.columns, &t.x)
	return best, nil
}

// keep copies what has been learned into out, the first layer summed up.
func (r *trainer) keep(out network) {
	copy(out.all[len(out.first):], r.net.all[len(r.net.first):])
	copy(out.first, r.table)
}

// fillUnseen gives each switch that no row of x turns on, of a category or of
// a missing value, what its column adds on average: to know nothing.
func (n *network) fillUnseen(columns []column, x *coded) {
	w := len(n.bias)
	mass := make([]float64, len(n.first)/w) // sum of the values of each row of the table
	on := make([]bool, len(mass))
	for i, row := range x.row {
		mass[row] += float64(x.value[i])
		on[row] = true
	}
	rows := float64(len(x.row) / max(x.slots, 1))
	for j := range columns {
		c := &columns[j]
		first, end := c.first, c.first+c.rows()
		mean := make([]float32, w)
		for k := first; k < end; k++ {
			add(mean, float32(mass[k]/rows), n.first[k*w:(k+1)*w])
		}
		if !c.text {
			first = end - 1
		}
		for k := first; k < end; k++ {
			if !on[k] {
				copy(n.first[k*w:(k+1)*w], mean)
			}
		}
	}
}

// trainer is the room to learn in, for batches of so many rows at most.
func (l Learner) trainer(m *Model, batch int, random *rand.Rand) *trainer {
	s := m.shape
	r := &trainer{Learner: l, rows: s.rows, columns: m.columns, random: random, power: [2]float64{1, 1}}
	for j := range m.columns {
		for k, steep := range m.columns[j].steep {
			if steep {
				r.steep = append(r.steep, m.columns[j].first+1+k)
			}
		}
	}
	s.rows += len(r.steep)
	r.shape = s
	r.net, r.grad = s.lay(make([]float32, s.size())), s.lay(make([]float32, s.size()))
	r.mean, r.square = make([]float32, s.size()), make([]float32, s.size())
	r.table = make([]float32, r.rows*s.width)
	for range s.hidden {
		r.act = append(r.act, make([]float32, batch*s.width))
		r.slope = append(r.slope, make([]float32, batch*s.width))
	}
	most := max(s.width, s.outputs)
	r.out = make([]float32, batch*s.outputs)
	r.down, r.up = make([]float32, batch*most), make([]float32, batch*s.width)
	r.turned = make([]float32, max(batch, most)*s.width)
	r.count = counting(max(batch, most))
	r.p = make([]float64, s.outputs)
	r.restrain()
	return r
}

// restrain sets the decay of every weight: that of the learner, and none for
// biases and for the last layer, which has to become as sure as the data is.
func (r *trainer) restrain() {
	decay := r.shape.lay(make([]float32, r.shape.size()))
	parts := [][]float32{decay.first}
	for i := range len(decay.layers) - 1 {
		parts = append(parts, decay.layers[i].weight)
	}
	for _, part := range parts {
		for i := range part {
			part[i] = float32(r.Decay)
		}
	}
	r.decay = decay.all
}

// shuffle puts x in a random order.
func shuffle(x []int32, random *rand.Rand) {
	for i := len(x) - 1; i > 0; i-- {
		j := random.IntN(i + 1)
		x[i], x[j] = x[j], x[i]
	}
}

// step learns from the given rows of t; part is how much of the learning is
// done.
func (r *trainer) step(t *targets, rows []int32, part float64) {
	r.sumUp()
	r.gradient(t, rows, r.Dropout*ease(part))
	r.adam(r.Rate*ease(part), len(rows))
}

// gradient sets grad to the derivatives of the sum of the losses of the given
// rows; drop is the chance of a hidden unit to be left out.
func (r *trainer) gradient(t *targets, rows []int32, drop float64) {
	r.forward(&t.x, rows, drop)
	k := r.shape.outputs
	for i, row := range rows {
		t.slope(int(row), r.out[i*k:(i+1)*k], r.p)
	}
	r.backward(&t.x, rows)
}

// ease is the schedule: from 1 down to 0, flat at both ends.
func ease(part float64) float64 {
	return 1 - float64(float64(part*part)*(3-float64(2*part)))
}

// sumUp makes table.
func (r *trainer) sumUp() {
	copy(r.table, r.net.first)
	for i := range r.columns {
		c := &r.columns[i]
		for k := c.first + 2; k < c.first+1+len(c.cuts); k++ {
			plus(r.row(r.table, k), r.row(r.table, k-1))
		}
	}
	for i, k := range r.steep {
		plus(r.row(r.table, k), r.row(r.net.first, r.rows+i))
	}
}

// sumDown makes of the derivatives by table, in grad, those by the weights.
func (r *trainer) sumDown() {
	for i, k := range r.steep {
		copy(r.row(r.grad.first, r.rows+i), r.row(r.grad.first, k))
	}
	for i := range r.columns {
		c := &r.columns[i]
		for k := c.first + len(c.cuts); k > c.first+1; k-- {
			plus(r.row(r.grad.first, k-1), r.row(r.grad.first, k))
		}
	}
}

// row is row k of a matrix as wide as a hidden layer.
func (r *trainer) row(matrix []float32, k int) []float32 {
	w := r.shape.width
	return matrix[k*w : (k+1)*w]
}

// plus is out[j] += x[j].
func plus(out, x []float32) {
	x = x[:len(out)]
	for j, y := range x {
		out[j] += y
	}
}

// forward fills act, slope and out for the given rows of x.
func (r *trainer) forward(x *coded, rows []int32, drop float64) {
	n, w := len(rows), r.shape.width
	for i, row := range rows {
		s := int(row) * x.slots
		look(r.act[0][i*w:(i+1)*w], r.net.bias, r.table, x.row[s:s+x.slots], x.value[s:s+x.slots])
	}
	for k := range r.net.layers {
		l := &r.net.layers[k]
		act := r.act[k][:n*w]
		bend(act, r.slope[k])
		if drop > 0 {
			r.drop(act, r.slope[k], drop)
		}
		to := r.out
		if k+1 < len(r.act) {
			to = r.act[k+1]
		}
		product(to, act, l.weight, l.bias, n, l.out, l.in, r.count)
	}
}

// drop leaves units out by chance, and makes the others larger by as much.
func (r *trainer) drop(act, slope []float32, chance float64) {
	limit := uint64(chance * 256)
	if limit == 0 {
		return
	}
	keep := 1 / (1 - float32(float32(limit)/256))
	slope = slope[:len(act)]
	bits := uint64(0)
	for i := range act {
		if i%8 == 0 {
			bits = r.random.Uint64()
		}
		f := keep
		if bits&255 < limit {
			f = 0
		}
		act[i] *= f
		slope[i] *= f
		bits >>= 8
	}
}

// backward sets grad to the sum over the rows, of which forward has been
// done and out holds the derivatives by the outputs.
func (r *trainer) backward(x *coded, rows []int32) {
	n, w := len(rows), r.shape.width
	down := r.down[:n*r.shape.outputs]
	copy(down, r.out)
	for k := len(r.net.layers) - 1; k >= 0; k-- {
		l, g := &r.net.layers[k], &r.grad.layers[k]
		clear(g.bias)
		for i := range n {
			plus(g.bias, down[i*l.out:(i+1)*l.out])
		}
		transpose(r.turned, r.act[k], n, l.in)
		product(g.weight, r.turned, down, nil, l.in, l.out, n, r.count)
		transpose(r.turned, l.weight, l.in, l.out)
		up := r.up[:n*l.in]
		product(up, down, r.turned, nil, n, l.in, l.out, r.count)
		slope := r.slope[k][:len(up)]
		down = r.down[:len(up)]
		for i, u := range up {
			down[i] = u * slope[i]
		}
	}
	clear(r.grad.first)
	clear(r.grad.bias)
	for i, row := range rows {
		d := down[i*w : (i+1)*w]
		plus(r.grad.bias, d)
		s := int(row) * x.slots
		for k, v := range x.value[s : s+x.slots] {
			if v != 0 {
				add(r.grad.first[int(x.row[s+k])*w:][:w], v, d)
			}
		}
	}
	r.sumDown()
}

// tiny keeps the running means away from subnormal numbers, which are slow.
const tiny = 1e-30

// adam moves the weights against the mean gradient of n rows.
func (r *trainer) adam(rate float64, n int) {
	r.power[0] = float64(r.power[0] * beta1)
	r.power[1] = float64(r.power[1] * beta2)
	part := float32(1 / float64(n))
	step := float32(rate / (1 - r.power[0]))
	fair := float32(1 / (1 - r.power[1]))
	size := float32(rate)
	theta := r.net.all
	grad, mean, square := r.grad.all[:len(theta)], r.mean[:len(theta)], r.square[:len(theta)]
	decay := r.decay[:len(theta)]
	for i, g := range grad {
		g *= part
		a := float32(beta1*mean[i]) + float32((1-beta1)*g) + tiny
		b := float32(beta2*square[i]) + float32((1-beta2)*float32(g*g)) + tiny
		mean[i], square[i] = a, b
		root := float32(math.Sqrt(float64(float32(b * fair))))
		w := theta[i]
		w -= float32(float32(size*decay[i]) * w)
		theta[i] = w - float32(step*a)/(root+epsilon)
	}
}

// loss is the mean over the rows of t, with table summed up.
func (r *trainer) loss(t *targets) float64 {
	sum, k := 0.0, r.shape.outputs
	size := len(r.out) / k
	block := make([]int32, 0, size)
	for lo := 0; lo < len(t.rows); lo += size {
		block = block[:0]
		for i := lo; i < min(lo+size, len(t.rows)); i++ {
			block = append(block, int32(i))
		}
		r.forward(&t.x, block, 0)
		for j, i := range block {
			sum += t.loss(int(i), r.out[j*k:(j+1)*k], r.p)
		}
	}
	return sum / float64(len(t.rows))
}
