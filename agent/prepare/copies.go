package prepare

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"github.com/septet-ml/septet/table"
)

// findCopies numbers the rows that are the same in all inputs (alike) and
// those that have the same answer, too (copies). Where rows are divided by
// time, it is one of the inputs: what looks the same at another time has
// happened again.
//
// Where the inputs have so few values that rows meet by chance, equal rows are
// different cases that look the same (expected). That is so if rows meet at
// most 20 times as often as independent columns of these frequencies would make
// them, or if there are fewer than one different row in twenty. They stay in
// one part all the same if half of the rows are different: with fewer, that
// would hide some kinds of case from training altogether.
func (e *examples) findCopies() {
	inputs := &table.Table{Rows: e.inputs.Rows}
	for _, c := range e.inputs.Columns {
		if c.Name != e.timeColumn() || e.scope.SplitBy == "time" {
			inputs.Columns = append(inputs.Columns, c)
		}
	}
	if len(inputs.Columns) == 0 || e.events != nil { // what tells examples of events apart is made later
		return
	}
	alike, groups := sameRows(inputs, nil)
	if groups == e.n() {
		return
	}
	e.copies, _ = sameRows(inputs, e.target)
	pairs := 0.0
	for _, size := range sizes(alike) {
		pairs += float64(size) * float64(size-1) / 2
	}
	n := float64(e.n())
	expected := meeting(inputs) * n * (n - 1) / 2
	e.expected = pairs <= 20*expected || 20*groups < e.n()
	if !e.expected || 2*groups >= e.n() {
		e.alike = alike
	}
}

// sameRows numbers the different rows from 0 in the order of first appearance.
// target, where it is not nil, counts as one more column.
func sameRows(t *table.Table, target []float64) (number []int32, different int) {
	number = make([]int32, t.Rows)
	seen := map[[16]byte]int32{}
	seeds := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()} // never in a result
	var row []byte
	for r := range t.Rows {
		row = row[:0]
		for i := range t.Columns {
			row = binary.LittleEndian.AppendUint64(row, bits(&t.Columns[i], r))
		}
		if target != nil {
			row = binary.LittleEndian.AppendUint64(row, math.Float64bits(target[r]))
		}
		var key [16]byte
		binary.LittleEndian.PutUint64(key[:8], maphash.Bytes(seeds[0], row))
		binary.LittleEndian.PutUint64(key[8:], maphash.Bytes(seeds[1], row))
		at, ok := seen[key]
		if !ok {
			at = int32(len(seen))
			seen[key] = at
		}
		number[r] = at
	}
	return number, len(seen)
}

// bits is a value as an integer: equal values have equal ones.
func bits(c *table.Column, row int) uint64 {
	switch c.Kind {
	case table.Number:
		if v := c.Number[row]; v == v {
			return math.Float64bits(v + 0) // -0 is 0
		}
		return math.Float64bits(math.NaN())
	case table.Text:
		return uint64(c.Code[row])
	}
	return uint64(c.Time[row])
}

// sizes counts the rows of each number.
func sizes(number []int32) []int {
	var out []int
	for _, g := range number {
		for int(g) >= len(out) {
			out = append(out, 0)
		}
		if g >= 0 {
			out[g]++
		}
	}
	return out
}

// meeting is the chance that two rows are the same if the columns were
// independent.
func meeting(t *table.Table) float64 {
	chance := 1.0
	n := float64(t.Rows)
	for i := range t.Columns {
		counts := map[uint64]int{}
		for r := range t.Rows {
			counts[bits(&t.Columns[i], r)]++
		}
		var squares uint64 // exact, so that the order of a map does not show
		for _, k := range counts {
			squares += uint64(k) * uint64(k)
		}
		chance *= float64(squares) / (n * n)
	}
	return chance
}

// extras counts the rows that are copies of an earlier one.
func (e *examples) extras() (n int) {
	for _, size := range sizes(e.copies) {
		n += max(0, size-1)
	}
	return n
}
