package prepare

import (
	"hash/maphash"
	"math"

	"github.com/septet-ml/septet/table"
)

// findEntities numbers the rows by entity and decides what else has to stay
// in one part: the entities, if the scope divides by them or, without time, asks
// about new ones; otherwise the values of a key whose rows share their answer.
func (e *examples) findEntities() {
	if keys := e.keys(e.scope.Entity); len(keys.Columns) > 0 {
		e.entity, _ = sameRows(keys, keyless(keys))
	}
	if e.scope.SplitBy == "entity" || e.scope.SplitBy == "stratified" && e.isolates() {
		e.groups, e.by = e.entity, e.scope.Entity
		return
	}
	if e.scope.SplitBy != "stratified" {
		return
	}
	for i := range e.others.Columns {
		if c := &e.others.Columns[i]; e.sharesAnswer(c) {
			e.groups, e.by = oneNumberEach(c), []string{c.Name}
			return
		}
	}
	for i := range e.inputs.Columns {
		if c := &e.inputs.Columns[i]; e.isManyValued(c) && e.sharesAnswer(c) {
			e.groups, e.by = oneNumberEach(c), []string{c.Name}
			return
		}
	}
}

// keys is the columns of the examples that have these names.
func (e *examples) keys(names []string) *table.Table {
	keys := &table.Table{Rows: e.n()}
	for _, name := range names {
		if c := e.column(name); c != nil {
			keys.Columns = append(keys.Columns, *c)
		}
	}
	return keys
}

// keyless numbers the rows that lack a value of their key, so that each is an
// entity of its own: nobody knows whose they are. Other rows have 0; nil where
// every key is there.
func keyless(keys *table.Table) []float64 {
	var out []float64
	for i := range keys.Columns {
		for r := range keys.Rows {
			if !keys.Columns[i].IsMissing(r) {
				continue
			}
			if out == nil {
				out = make([]float64, keys.Rows)
			}
			out[r] = float64(r + 1)
		}
	}
	return out
}

// isolates tells that no part and no fold may learn from an entity that it is
// judged on.
func (e *examples) isolates() bool { return e.scope.Unit == "new_entities" && recurs(e.entity) }

// isManyValued tells that an input may be the key of something that comes
// again: whole numbers or text of one word, with 2 to 50 rows a value.
func (e *examples) isManyValued(c *table.Column) bool {
	info := e.info.Column(c.Name)
	if info == nil || c.Kind == table.Time || c.Kind == table.Number && !info.Integer || info.MeanWords > 1 {
		return false
	}
	return isKeyName(c.Name)
}

// sharesAnswer tells that rows with the same value of a key have the same
// answer far more often than chance would have it: more than half of the way
// from chance to always, over at least 100 rows that have company and values
// with 2 to 50 rows on average.
func (e *examples) sharesAnswer(c *table.Column) bool {
	if c.Kind == table.Time {
		return false
	}
	number := oneNumberEach(c)
	size := sizes(number)
	rows, values := 0, 0
	for _, s := range size {
		if s > 1 {
			rows += s
			values++
		}
	}
	if rows < 100 || rows*4 < e.n() || rows > 50*values {
		return false
	}
	return e.agreement(number, size) > 0.5
}

// agreement is 1 where all rows with the same number have the same answer, and
// about 0 where it is as in any two rows (intraclass correlation).
func (e *examples) agreement(number []int32, size []int) float64 {
	classes := max(1, e.classes())
	within, total, all := 0.0, 0.0, 0.0
	for class := range classes {
		value := func(r int) float64 {
			if e.classes() == 0 {
				return e.target[r]
			}
			if int(e.target[r]) == class {
				return 1
			}
			return 0
		}
		sum := make([]float64, len(size))
		n, mean := 0.0, 0.0
		for r, g := range number {
			if g >= 0 && size[g] > 1 {
				sum[g] += value(r)
				mean += value(r)
				n++
			}
		}
		mean /= n
		for r, g := range number {
			if g >= 0 && size[g] > 1 {
				// The variance inside a group of k rows is measured with k-1.
				k := float64(size[g])
				in, out := value(r)-sum[g]/k, value(r)-mean
				within += float64(in*in) * k / (k - 1)
				total += float64(out * out)
			}
		}
		all += total
	}
	if all == 0 || math.IsNaN(all) {
		return 0
	}
	return 1 - within/all
}

// oneNumberEach numbers the values of a column from 0 in the order of first
// appearance; missing ones get a number of their own each.
func oneNumberEach(c *table.Column) []int32 {
	seed := maphash.MakeSeed() // never in a result
	number, _ := numbered(c.Len(), func(r int) uint64 {
		if c.IsMissing(r) {
			return maphash.Comparable(seed, [2]uint64{1, uint64(r)})
		}
		return maphash.Comparable(seed, [2]uint64{0, bits(c, r)})
	}, func(a, b int) bool {
		return !c.IsMissing(a) && !c.IsMissing(b) && bits(c, a) == bits(c, b)
	})
	return number
}
