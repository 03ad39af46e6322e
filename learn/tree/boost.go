package tree

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// block is how many rows a worker takes at a time where rows are independent.
// Floating-point sums are made per block and added in the blocks' order.
const block = 1024

// Fit learns from train; see learn.Learner. The model is a *Model. It has the
// rounds up to the least loss on valid, all of them where valid is nil.
//
// Memory beside the table: about 2.3 bytes per value plus 30 bytes per row
// (50 with valid or for regression), and up to 1 GiB for histograms.
func (b Boost) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	b = b.filled()
	if err := b.check(); err != nil {
		return nil, err
	}
	loss, err := b.lossFor(train.Task)
	if err != nil {
		return nil, err
	}
	d, err := view(train, valid)
	if err != nil {
		return nil, err
	}
	crew := newCrew(opt.Threads)
	defer crew.close()
	f, err := newFit(d, b, loss, opt.Seed, crew)
	if err != nil {
		return nil, err
	}
	for f.rounds < b.Rounds && !f.done {
		if err := f.round(ctx); err != nil {
			return nil, fmt.Errorf("fit %s: round %d: %w", Name, f.rounds+1, err)
		}
	}
	return f.finish(), nil
}

// fit is a fit under way.
type fit struct {
	data   *data
	boost  Boost
	seed   uint64
	crew   *crew
	grower grower
	goal   *objective
	rows   []uint32 // the tree's rows first (grower.order), then all others
	trees  []Tree
	report Report
	rounds int
	done   bool
}

func newFit(d *data, b Boost, loss Loss, seed uint64, c *crew) (*fit, error) {
	binned := binnedFrom(d, b, portable.Mix(seed), c)
	f := &fit{data: d, boost: b, seed: seed, crew: c, goal: newObjective(d, loss, b.Quantile)}
	f.rows = make([]uint32, d.all)
	f.grower = grower{
		binned: binned, crew: c, boost: b,
		sums: make([]sum, d.train), spare: make([]uint32, d.all),
		store: newStore(len(binned.cells), c.size), bests: make([][2]split, c.size),
	}
	for range c.size - 1 {
		f.grower.private = append(f.grower.private, make(histogram, len(binned.cells)))
	}
	monotone, err := f.monotone()
	f.grower.search = search{binned: binned, monotone: monotone}
	return f, err
}

// monotone is the directions by feature; nil where there are none.
func (f *fit) monotone() ([]int8, error) {
	if len(f.boost.Monotone) == 0 {
		return nil, nil
	}
	if f.goal.outputs > 1 {
		return nil, setting("monotone", "a multiclass prediction has no direction")
	}
	direction := make([]int8, len(f.data.table.Columns))
	for _, name := range slices.Sorted(maps.Keys(f.boost.Monotone)) {
		d := f.boost.Monotone[name]
		column := f.data.table.Column(name)
		switch {
		case column == nil || column.Kind != table.Number:
			return nil, &problem.Problem{
				Kind: problem.Usage, Code: "learn.setting", Where: Name + ".monotone." + name,
				What: fmt.Sprintf("there is no number column %q to be monotone in", name),
				Fix:  "name a number column, or leave it out",
			}
		case d < -1 || d > 1:
			return nil, setting("monotone."+name, "-1, 0 or 1")
		}
		for j := range f.data.table.Columns {
			if &f.data.table.Columns[j] == column {
				direction[j] = int8(d)
			}
		}
	}
	out := make([]int8, len(f.grower.features))
	for i := range out {
		out[i] = direction[f.grower.features[i].column]
	}
	return out, nil
}

// round grows one tree per output and decides whether to go on.
func (f *fit) round(ctx context.Context) error {
	if f.goal.loss == softmax {
		f.crew.blocks(f.data.train, block, func(_, lo, hi int) { f.goal.prepare(lo, hi) })
	}
	grew := false
	for k := range f.goal.outputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := f.tree(k, portable.Mix(f.seed^portable.Mix(uint64(len(f.trees))+1)))
		grew = grew || len(t.Nodes) > 1
		f.trees = append(f.trees, t)
	}
	f.rounds++
	b := &f.boost
	if !grew && b.RowFraction == 1 && b.ColumnFraction == 1 && b.NodeColumnFraction == 1 {
		f.done = true // the next round would see the same
	}
	if f.data.all == f.data.train {
		f.report.Best = f.rounds
		return nil
	}
	r := &f.report
	r.Train = append(r.Train, f.loss(0, f.data.train))
	r.Valid = append(r.Valid, f.loss(f.data.train, f.data.all))
	if f.rounds == 1 || r.Valid[f.rounds-1] < r.Valid[r.Best-1] {
		r.Best = f.rounds
	}
	if b.Patience > 0 && f.rounds-r.Best >= b.Patience {
		f.done = true
	}
	return nil
}

// loss is the mean loss of rows lo..hi.
func (f *fit) loss(lo, hi int) float64 {
	totals := make([][2]float64, (hi-lo+block-1)/block)
	f.crew.blocks(hi-lo, block, func(_, a, b int) {
		totals[a/block][0], totals[a/block][1] = f.goal.total(lo+a, lo+b)
	})
	return f.goal.mean(sumOf(totals))
}

// sumOf adds up in order.
func sumOf(parts [][2]float64) (a, b float64) {
	for _, p := range parts {
		a += p[0]
		b += p[1]
	}
	return a, b
}

// tree grows the tree of output k and adds it to the scores.
func (f *fit) tree(k int, seed uint64) Tree {
	g := &f.grower
	n := f.data.train
	sizes := make([][2]float64, (n+block-1)/block)
	f.crew.blocks(n, block, func(_, lo, hi int) {
		sizes[lo/block][0], sizes[lo/block][1] = f.goal.gradients(k, lo, hi, g.sums)
	})
	gradients, hessians := sumOf(sizes)
	q := newQuantiser(n, gradients, hessians, f.goal.constant(), seed)
	f.scale(q)
	totals := make([]sum, len(sizes))
	f.crew.blocks(n, block, func(_, lo, hi int) { totals[lo/block] = q.quantise(g.sums, lo, hi) })
	total := sum(0)
	for _, v := range totals {
		total += v
	}
	others := f.sampleRows(seed)
	for _, i := range others {
		if int(i) < n {
			total -= g.sums[i]
		}
	}
	g.sample(seed)
	f.chances()
	t := g.grow(total)
	f.leaves(k, t)
	f.route(k, t, others)
	return f.written(t)
}

// squares is the squared gradient per hessian of the rows of train, in integer
// units: the mean gain of a division that has no meaning.
func (f *fit) squares() float64 {
	parts := make([][2]float64, (f.data.train+block-1)/block)
	f.crew.blocks(f.data.train, block, func(_, lo, hi int) {
		for _, v := range f.grower.sums[lo:hi] {
			g := float64(v.gradient())
			parts[lo/block][0] += float64(g * g)
			parts[lo/block][1] += float64(v.hessian())
		}
	})
	g, h := sumOf(parts)
	return g / max(h, 1)
}

// chances sets what depends on squares: the noise on the square root of what a
// level explains, and what the levels of a set bring by chance.
//
// The noise is Noise times the root of squares; it halves when the shrunk steps
// number as many as the logarithm of the rows, and then vanishes. Source:
// CatBoost's random_strength.
//
// Of k levels of equal size without meaning, those with positive gradients
// against the others gain 2/π k times squares: the mean of a normal number's
// absolute value is √(2/π). Source: the bias towards many levels in Loh and
// Shih 1997, Split selection methods for classification trees.
func (f *fit) chances() {
	b := &f.boost
	if b.Noise == 0 && b.Category.SetChance == 0 {
		return
	}
	squares := f.squares()
	left := portable.Sigmoid(portable.Log(float64(f.data.train)) - float64(float64(f.rounds)*b.LearningRate))
	f.grower.noise = b.Noise * left * math.Sqrt(squares)
	f.grower.chance = b.Category.SetChance * (2 / math.Pi) * squares
}

// written is t as the model keeps it.
func (f *fit) written(t *grown) Tree {
	out := Tree{}
	for i := range t.nodes {
		if n := &t.nodes[i]; n.Feature >= 0 && f.grower.features[n.Feature].kind == set {
			n.Set = int32(len(out.Sets))
			out.Sets = append(out.Sets, t.splits[i].levels)
		}
	}
	out.Nodes = breadthFirst(t.nodes)
	return out
}

// scale puts the settings into the tree's integer units.
func (f *fit) scale(q quantiser) {
	s, b := &f.grower.search, &f.boost
	s.l2 = b.L2 * q.hessian
	s.setL2 = (b.L2 + b.Category.SetL2) * q.hessian
	s.smooth = b.Category.SetSmooth * q.hessian
	s.least = b.MinHessian * q.hessian
	s.minRows = float64(b.MinRows)
	s.setRows = float64(b.Category.SetRows)
	s.setSize = b.Category.SetSize
	s.step = q.hessian / q.gradient
	s.toGain = q.hessian / q.gradient / q.gradient
	s.minGain = b.MinGain / f.goal.unit / f.goal.unit
}

// sampleRows chooses the tree's rows, puts them first and returns the others.
func (f *fit) sampleRows(seed uint64) []uint32 {
	n := f.data.train
	if f.boost.RowFraction == 1 {
		f.crew.blocks(f.data.all, block, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				f.rows[i] = uint32(i)
			}
		})
		f.grower.order = f.rows[:n]
		return f.rows[n:]
	}
	most := uint64(f.boost.RowFraction * (1 << 32))
	in, out := 0, 0
	rest := f.grower.spare
	for i := range f.data.all {
		if i < n && portable.Mix(seed^portable.Mix(uint64(i)))>>32 < most {
			f.rows[in] = uint32(i)
			in++
		} else {
			rest[out] = uint32(i)
			out++
		}
	}
	copy(f.rows[in:], rest[:out])
	f.grower.order = f.rows[:in]
	return f.rows[in:]
}

// leaves sets the values of t's leaves and adds them to the scores of their
// rows.
func (f *fit) leaves(k int, t *grown) {
	g := &f.grower
	f.crew.blocks(len(t.nodes), 1, func(_, i, _ int) {
		n, rows := &t.nodes[i], g.order[t.lo[i]:t.hi[i]]
		if n.Feature >= 0 || len(rows) == 0 {
			return
		}
		value := g.value(t.total[i], t.bounds[i][0], t.bounds[i][1])
		if f.goal.renews() {
			value = min(max(f.goal.renewed(rows), t.bounds[i][0]), t.bounds[i][1])
		}
		n.Value = float32(f.boost.LearningRate * value)
		f.add(k, rows, n.Value)
	})
}

// add adds a leaf's value to the scores of its rows.
func (f *fit) add(k int, rows []uint32, value float32) {
	score := f.goal.score[k]
	for _, i := range rows {
		score[i] += float64(value)
	}
}

// route sends rows that are not in the tree through it and adds up.
func (f *fit) route(k int, t *grown, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	g := &f.grower
	lo, hi := make([]int, len(t.nodes)), make([]int, len(t.nodes))
	hi[0] = len(rows)
	for i := range t.nodes {
		n := &t.nodes[i]
		part := rows[lo[i]:hi[i]]
		if n.Feature < 0 {
			f.add(k, part, n.Value)
			continue
		}
		feature := &g.features[n.Feature]
		left := g.divideRows(team{crew: g.crew, all: g.crew.size > 1}.forRows(len(part)), part, g.spare[:len(part)], feature, &t.splits[i])
		lo[n.Left], hi[n.Left] = lo[i], lo[i]+left
		lo[n.Left+1], hi[n.Left+1] = lo[i]+left, hi[i]
	}
}

// finish makes the model of the best rounds.
func (f *fit) finish() *Model {
	m := &Model{
		Task: f.data.task, Loss: f.goal.loss, Columns: len(f.data.table.Columns),
		Base: f.goal.base, Unit: f.goal.unit, Report: f.report,
		Trees: f.trees[:f.report.Best*f.goal.outputs],
	}
	for i := range f.grower.features {
		m.Features = append(m.Features, featureOf(&f.grower.features[i]))
	}
	m.prune()
	m.walker = newWalker(m)
	return m
}
