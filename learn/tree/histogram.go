package tree

import "slices"

// cells is the histogram of one packed column: the sum of the rows with each
// byte. It has 256 cells and 8 for padding: at a distance of 264 the first
// cells of neighbouring columns fall into different sets of the first cache.
type cells [264]sum

// histogram has one entry per packed column.
type histogram []cells

// chunk is how many rows the kernels take at once: their records stay in the
// first cache between the columns' passes.
const chunk = 256

// rowSums are the sums of the rows of a chunk; the last entry is of no use.
type rowSums [chunk + 1]sum

// accumulate is
//
//	for _, i := range rows {
//		for j := range t.width {
//			h[j][t.records[i*t.stride+j]] += sums[i]
//		}
//	}
//
// for those packed columns j of the tile that are in use (inUse has an entry
// per column of the tile; nil: all are), and perhaps for others. h has one entry
// per column of the tile and is added to, not cleared. sums has one entry per
// row of train.
// Source: Ke et al. 2017, algorithm 1; records instead of columns after
// Chen and Guestrin 2016, section 4.2.
func (t *tile) accumulate(h histogram, rows []uint32, sums []sum, inUse []bool) {
	var buffer rowSums
	for len(rows) > 0 {
		n := min(chunk, len(rows))
		part := rows[:n]
		rows = rows[n:]
		t.fetch(part, sums, &buffer)
		for j := 0; j < t.width; {
			columns := t.next(inUse, j)
			switch columns {
			case 8:
				t.add8(h[j:], j, part, &buffer)
			case 4:
				t.add4(h[j:], j, part, &buffer)
			case 1:
				t.add1(&h[j], j, part, &buffer)
			}
			j += max(columns, 1)
		}
	}
}

// next is how many columns from j on are added at once: 8, 4, 1, or 0 where j
// is not in use. Eight take less than twice the time of one, so some that are
// not in use are taken along.
func (t *tile) next(inUse []bool, j int) int {
	left := t.width - j
	anyOf := func(from, to int) bool { return inUse == nil || slices.Contains(inUse[from:to], true) }
	switch {
	case !anyOf(j, j+1):
		return 0
	case left >= 8 && anyOf(j+4, j+8):
		return 8
	case left >= 4 && anyOf(j+1, j+4):
		return 4
	}
	return 1
}

// fetch copies the rows' sums into buffer and touches their records, so that
// the memory is read for many rows at the same time.
func (t *tile) fetch(rows []uint32, sums []sum, buffer *rowSums) {
	touched := uint8(0)
	out := buffer[:len(rows)]
	for k, i := range rows {
		out[k] = sums[i]
		touched |= t.records[int(i)*t.stride]
	}
	buffer[chunk] = sum(touched) // so that the reads are not left out
}

// add8 is accumulate for columns j to j+7; the rows' sums are in buffer.
func (t *tile) add8(h histogram, j int, rows []uint32, buffer *rowSums) {
	c := (*[8]cells)(h)
	sums := buffer[:len(rows)]
	records := t.records[j:]
	stride := t.stride
	for k, i := range rows {
		r := (*[8]uint8)(records[int(i)*stride:])
		v := sums[k]
		c[0][r[0]] += v
		c[1][r[1]] += v
		c[2][r[2]] += v
		c[3][r[3]] += v
		c[4][r[4]] += v
		c[5][r[5]] += v
		c[6][r[6]] += v
		c[7][r[7]] += v
	}
}

// add4 is accumulate for columns j to j+3; the rows' sums are in buffer.
func (t *tile) add4(h histogram, j int, rows []uint32, buffer *rowSums) {
	c := (*[4]cells)(h)
	sums := buffer[:len(rows)]
	records := t.records[j:]
	stride := t.stride
	for k, i := range rows {
		r := (*[4]uint8)(records[int(i)*stride:])
		v := sums[k]
		c[0][r[0]] += v
		c[1][r[1]] += v
		c[2][r[2]] += v
		c[3][r[3]] += v
	}
}

// add1 is accumulate for column j; the rows' sums are in buffer.
func (t *tile) add1(c *cells, j int, rows []uint32, buffer *rowSums) {
	sums := buffer[:len(rows)]
	for k, i := range rows {
		c[t.records[int(i)*t.stride+j]] += sums[k]
	}
}
