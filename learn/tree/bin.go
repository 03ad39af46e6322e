package tree

import (
	"github.com/septet-ml/septet/table"
)

// kind is how a feature's bins are made and split.
type kind uint8

const (
	number kind = iota // a Number column; split at a cut
	target             // target statistics of a Text column; split at a cut
	set                // the levels of a Text column; split into sets
)

// feature is one column of bins that trees may split. A Number column of the
// table gives one, a Text column one as a set and with target statistics one
// per class; a constant gives none.
type feature struct {
	column int // of the table
	kind   kind

	cuts  []float64 // number, target: see cutter
	codes []float64 // target: the figure of each level, NaN where there is none
	bin   []int16   // set: the bin of each level, or noBin

	stats statistics // target: how to make the figures while learning

	bins  int // value bins
	cells int // bins, and one more for missing where a row lacks the value

	// A row's packed byte p in columns[packed] has the bin p / stride % cells.
	packed int
	stride int
}

// hasMissing tells whether the feature has a cell for missing; it is the last.
func (f *feature) hasMissing() bool { return f.cells > f.bins }

// binned is the data as bins.
type binned struct {
	train, all int
	features   []feature

	// columns hold one byte per row and packed column: the bin of one feature,
	// or of several with few cells, packed as digits of one number.
	columns [][]uint8
	cells   []int     // values that the byte of a packed column takes
	members [][]int32 // features in a packed column

	tiles []tile
}

// tile holds the rows of train again, row by row: neighbouring packed columns
// in one record, so that a row costs one cache line.
type tile struct {
	first, width int // packed columns first .. first+width
	stride       int // bytes of a record: 8, 16 or 32, a power of two so that records do not straddle lines
	records      []uint8
}

const (
	tileWidth  = 32  // packed columns in a tile at most
	packCells  = 8   // a feature with more cells is never packed with others
	packedMost = 128 // cells of a packed column with several features
)

// binnedFrom chooses features and bins for d's columns and bins all rows.
func binnedFrom(d *data, b Boost, seed uint64, c *crew) *binned {
	perColumn := make([][]feature, len(d.table.Columns))
	cutters := make([]cutter, c.size)
	c.blocks(len(perColumn), 1, func(w, j, _ int) {
		perColumn[j] = featuresOf(d, b, j, seed, &cutters[w])
	})
	out := &binned{train: d.train, all: d.all}
	for _, fs := range perColumn {
		for _, f := range fs {
			if f.cells > 1 {
				out.features = append(out.features, f)
			}
		}
	}
	out.pack()
	out.columns = make([][]uint8, len(out.cells))
	slab := make([]uint8, len(out.columns)*d.all)
	for p := range out.columns {
		out.columns[p] = slab[p*d.all : (p+1)*d.all : (p+1)*d.all]
	}
	c.blocks(len(out.columns), 1, func(_, p, _ int) {
		for _, f := range out.members[p] {
			out.features[f].fill(d, out.columns[p])
		}
	})
	out.tile(c)
	return out
}

// featuresOf makes the features of column j, without their place.
func featuresOf(d *data, b Boost, j int, seed uint64, cutter *cutter) []feature {
	column := &d.table.Columns[j]
	if column.Kind == table.Number {
		f := feature{column: j, kind: number}
		f.cuts = cutter.points(d.train, func(i int) float64 { return column.Number[d.row(i)] }, b.Bins)
		f.count(d, func(row int) bool { return column.IsMissing(row) })
		return []feature{f}
	}
	bin, levels := setBins(d, column)
	unseen := func(row int) bool { return column.Code[row] < 0 || bin[column.Code[row]] == noBin }
	var out []feature
	if levels <= b.Category.SetLevels || !b.Category.TargetsOnly {
		f := feature{column: j, kind: set, bin: bin, bins: min(levels, maxBins)}
		f.count(d, unseen)
		out = append(out, f)
	}
	if levels <= b.Category.SetLevels {
		return out
	}
	for _, class := range targetsOf(d) {
		f := feature{column: j, kind: target, stats: statistics{column, class, b.Category.Prior, seed}}
		figures := f.stats.crossFitted(d)
		f.cuts = cutter.points(d.train, func(i int) float64 { return figures[i] }, b.Bins)
		f.codes = f.stats.table(d, bin)
		f.count(d, unseen)
		out = append(out, f)
	}
	return out
}

// count sets bins and cells; missing tells whether a row of the table lacks
// the value.
func (f *feature) count(d *data, missing func(row int) bool) {
	if f.kind != set {
		f.bins = len(f.cuts) + 1
	}
	f.cells = f.bins
	for i := range d.all {
		if missing(d.row(i)) {
			f.cells++
			return
		}
	}
}

// pack gives every feature its place. Features with few cells share a packed
// column as long as there is room.
func (b *binned) pack() {
	open := -1 // packed column that still takes features
	for i := range b.features {
		f := &b.features[i]
		if f.cells <= packCells && open >= 0 && b.cells[open]*f.cells <= packedMost {
			f.packed, f.stride = open, b.cells[open]
			b.cells[open] *= f.cells
			b.members[open] = append(b.members[open], int32(i))
			continue
		}
		f.packed, f.stride = len(b.cells), 1
		if f.cells <= packCells {
			open = f.packed
		}
		b.cells = append(b.cells, f.cells)
		b.members = append(b.members, []int32{int32(i)})
	}
}

// fill adds the feature's digit to each row's byte of its packed column.
func (f *feature) fill(d *data, column []uint8) {
	source := &d.table.Columns[f.column]
	stride, missing := uint8(f.stride), uint8(f.bins)
	if f.kind == set {
		for i := range column {
			b := missing
			if c := source.Code[d.row(i)]; c >= 0 && f.bin[c] != noBin {
				b = uint8(f.bin[c])
			}
			column[i] += b * stride
		}
		return
	}
	ruler := newRuler(f.cuts)
	put := func(i int, x float64) {
		b := missing
		if x == x {
			b = ruler.bin(x)
		}
		column[i] += b * stride
	}
	if f.kind == number {
		for i := range column {
			put(i, source.Number[d.row(i)])
		}
		return
	}
	for i, x := range f.stats.crossFitted(d) {
		put(i, x)
	}
	for i := d.train; i < d.all; i++ {
		if c := source.Code[d.row(i)]; c >= 0 {
			put(i, f.codes[c])
		} else {
			column[i] += missing * stride
		}
	}
}

// tile writes the rows of train as records.
func (b *binned) tile(c *crew) {
	for first := 0; first < len(b.columns); first += tileWidth {
		t := tile{first: first, width: min(tileWidth, len(b.columns)-first), stride: 8}
		for t.stride < t.width {
			t.stride *= 2
		}
		t.records = make([]uint8, b.train*t.stride)
		b.tiles = append(b.tiles, t)
	}
	c.blocks(b.train, 1024, func(_, lo, hi int) {
		for _, t := range b.tiles {
			for j := range t.width {
				column := b.columns[t.first+j]
				for i := lo; i < hi; i++ {
					t.records[i*t.stride+j] = column[i]
				}
			}
		}
	})
}
