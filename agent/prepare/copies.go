package prepare

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	bitsOf "math/bits"
	"slices"

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
// more, where it is not nil, counts as one more column.
func sameRows(t *table.Table, more []float64) (number []int32, different int) {
	seed := maphash.MakeSeed() // never in a result
	var row []byte
	hash := func(r int) uint64 {
		row = row[:0]
		for i := range t.Columns {
			row = binary.LittleEndian.AppendUint64(row, bits(&t.Columns[i], r))
		}
		if more != nil {
			row = binary.LittleEndian.AppendUint64(row, math.Float64bits(more[r]))
		}
		return maphash.Bytes(seed, row)
	}
	same := func(a, b int) bool {
		for i := range t.Columns {
			if c := &t.Columns[i]; bits(c, a) != bits(c, b) {
				return false
			}
		}
		return more == nil || math.Float64bits(more[a]) == math.Float64bits(more[b])
	}
	return numbered(t.Rows, hash, same)
}

// numbered numbers rows so that those which are the same have the same number,
// from 0 in the order of first appearance. It takes 16 to 27 bytes a row: a
// table of open addressing, each slot 32 bits of the hash above 1 + the first
// row of a number.
func numbered(rows int, hash func(row int) uint64, same func(a, b int) bool) (number []int32, different int) {
	number = make([]int32, rows)
	const fullest = 0.7 // share of slots in use
	width := bitsOf.Len(uint(float64(rows) / fullest))
	slots := make([]uint64, 1<<width)
	for r := range number {
		h := hash(r)
		tag := h << 32
		for at := h >> (64 - width); ; at = (at + 1) & (1<<width - 1) {
			slot := slots[at]
			if slot == 0 {
				slots[at] = tag | uint64(r+1)
				number[r] = int32(different)
				different++
				break
			}
			if first := int(uint32(slot)) - 1; slot&^math.MaxUint32 == tag && same(first, r) {
				number[r] = number[first]
				break
			}
		}
	}
	return number, different
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
	greatest := int32(-1)
	for _, g := range number {
		greatest = max(greatest, g)
	}
	out := make([]int, greatest+1)
	for _, g := range number {
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
	values := make([]uint64, t.Rows)
	for i := range t.Columns {
		for r := range values {
			values[r] = bits(&t.Columns[i], r)
		}
		slices.Sort(values)
		var squares uint64
		for from := 0; from < len(values); {
			to := from + 1
			for to < len(values) && values[to] == values[from] {
				to++
			}
			squares += uint64(to-from) * uint64(to-from)
			from = to
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
