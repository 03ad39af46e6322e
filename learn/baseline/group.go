package baseline

import (
	"cmp"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/table"
)

// run is rows with one value of a column, or categories that are alike.
type run struct {
	x    float64 // the value, or the code
	stat stat
}

// group makes the model of a column (-1: none) on the given rows in use. The
// groups are the leaves of a tree that always splits where the loss falls
// most, on the values in order; categories are in the order of their mean
// target (multiclass: of the share of the most frequent class), those with
// few rows taken together. Missing values are a group by themselves where
// there are enough, and else are predicted like all rows.
func (t *targets) group(column int, rows []int32) *Thumb {
	m := &Thumb{Column: column, Cuts: []float64{}, Codes: []int32{}, Group: []int32{}}
	all := t.none()
	for _, i := range rows {
		t.add(all, int(i))
	}
	prior := t.value(all, nil)
	least := max(min(10, t.total(all)/5), t.total(all)/100)
	if column < 0 {
		m.Value = [][]float64{prior}
		return m
	}
	c := &t.data.Table.Columns[column]
	m.Text = c.Kind == table.Text
	runs, missing := t.runs(c, rows)
	var rare *run
	if m.Text {
		runs, rare = t.alike(runs, all, least)
	}
	room := groups
	if t.total(missing) >= least {
		room--
	}
	segments := t.split(runs, room, least)
	for g, s := range segments {
		sum := t.none()
		for _, r := range runs[s.lo:s.hi] {
			addTo(sum, r.stat)
			if m.Text && r.x >= 0 {
				m.Codes, m.Group = append(m.Codes, int32(r.x)), append(m.Group, int32(g))
			}
		}
		m.Value = append(m.Value, t.value(sum, prior))
		if !m.Text && g > 0 {
			m.Cuts = append(m.Cuts, middle(runs[s.lo-1].x, runs[s.lo].x))
		}
	}
	m.sortCodes()
	m.Other = int32(len(segments))
	if rare != nil {
		i := slices.IndexFunc(runs, func(r run) bool { return r.x < 0 })
		m.Other = int32(slices.IndexFunc(segments, func(s span) bool { return i >= s.lo && i < s.hi }))
	}
	m.Absent = int32(len(segments))
	if room < groups {
		m.Value = append(m.Value, t.value(missing, prior))
		if rare == nil {
			m.Other++
		}
	}
	m.Value = append(m.Value, prior)
	return m
}

// middle is a cut above a and at most b.
func middle(a, b float64) float64 {
	if m := float64(a/2) + float64(b/2); m > a && m <= b {
		return m
	}
	return b
}

// sortCodes puts Codes in order, with their groups.
func (m *Thumb) sortCodes() {
	order := make([]int, len(m.Codes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(m.Codes[a], m.Codes[b]) })
	codes, group := make([]int32, len(order)), make([]int32, len(order))
	for i, j := range order {
		codes[i], group[i] = m.Codes[j], m.Group[j]
	}
	m.Codes, m.Group = codes, group
}

// runs is the rows by rising value, and the stat of those without one.
func (t *targets) runs(c *table.Column, rows []int32) ([]run, stat) {
	type item struct {
		x float64
		i int32
	}
	items := make([]item, 0, len(rows))
	missing := t.none()
	for _, i := range rows {
		if x := c.Float(t.data.Row(int(i))); math.IsNaN(x) {
			t.add(missing, int(i))
		} else {
			items = append(items, item{x, i})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.i, b.i))
	})
	var out []run
	for _, it := range items {
		if len(out) == 0 || out[len(out)-1].x != it.x {
			out = append(out, run{it.x, t.none()})
		}
		t.add(out[len(out)-1].stat, int(it.i))
	}
	return out, missing
}

// alike orders categories by their target and takes those with less than the
// least weight together, as a run of value -1; nil where there are none.
func (t *targets) alike(runs []run, all stat, least float64) ([]run, *run) {
	rare := run{-1, t.none()}
	found := false
	var out []run
	for _, r := range runs {
		if t.total(r.stat) < least {
			addTo(rare.stat, r.stat)
			found = true
		} else {
			out = append(out, r)
		}
	}
	if found {
		out = append(out, rare)
	}
	mode := 1
	if t.data.Task == learn.Multiclass {
		for k, w := range all {
			if w > all[mode] {
				mode = k
			}
		}
	}
	slices.SortStableFunc(out, func(a, b run) int {
		return cmp.Compare(a.stat[mode]/t.total(a.stat), b.stat[mode]/t.total(b.stat))
	})
	if !found {
		return out, nil
	}
	return out, &rare
}

// span is runs lo..hi-1.
type span struct{ lo, hi int }

// split cuts the runs into at most n spans of at least the least weight each,
// in order.
func (t *targets) split(runs []run, n int, least float64) []span {
	if len(runs) == 0 {
		return nil
	}
	out := []span{{0, len(runs)}}
	for len(out) < n {
		best, at, most := -1, 0, 0.0
		for i, s := range out {
			if cut, gain := t.cut(runs[s.lo:s.hi], least); gain > most {
				best, at, most = i, s.lo+cut, gain
			}
		}
		if best < 0 {
			break
		}
		s := out[best]
		out = slices.Replace(out, best, best+1, span{s.lo, at}, span{at, s.hi})
	}
	return out
}

// cut is where the loss of runs falls most if they are cut in two, and by how
// much; 0 where it does not.
func (t *targets) cut(runs []run, least float64) (at int, gain float64) {
	left, right := t.none(), t.none()
	for _, r := range runs {
		addTo(right, r.stat)
	}
	whole := t.impurity(right)
	floor := 1e-9 * whole // less is rounding
	for i, r := range runs[:len(runs)-1] {
		addTo(left, r.stat)
		for k, v := range r.stat {
			right[k] -= v
		}
		if t.total(left) < least || t.total(right) < least {
			continue
		}
		if g := whole - t.impurity(left) - t.impurity(right); g > max(gain, floor) {
			at, gain = i+1, g
		}
	}
	return at, gain
}

func addTo(a, b stat) {
	for k, v := range b {
		a[k] += v
	}
}

// impurity is the least loss of one prediction for the rows: the sum of
// weight × -ln of the class's share, or of weight × squared distance from the
// mean.
func (t *targets) impurity(s stat) float64 {
	if t.data.Task == learn.Regression {
		return max(s[2]-float64(s[1]*s[1])/s[0], 0)
	}
	total, sum := t.total(s), 0.0
	for _, w := range s {
		if w > 0 {
			sum -= float64(w * portable.Log(w/total))
		}
	}
	return sum
}

// loss is that of the model on the given rows in use.
func (t *targets) loss(m *Thumb, rows []int32) float64 {
	sum := 0.0
	var c *table.Column
	if m.Column >= 0 {
		c = &t.data.Table.Columns[m.Column]
	}
	for _, i := range rows {
		r := t.data.Row(int(i))
		group := len(m.Value) - 1
		if c != nil {
			group = m.groupOf(c.Float(r))
		}
		sum += float64(t.weight(int(i)) * t.rowLoss(m.Value[group], t.data.Target[r]))
	}
	return sum
}

func (t *targets) rowLoss(v []float64, y float64) float64 {
	switch t.data.Task {
	case learn.Regression:
		e := v[0]/t.scale - y/t.scale
		return float64(e * e)
	case learn.Binary:
		if y == 0 {
			return -portable.Log(1 - v[0])
		}
		return -portable.Log(v[0])
	}
	return -portable.Log(v[int(y)])
}
