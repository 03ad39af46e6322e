package tree

import (
	"math"
	"math/bits"
	"slices"

	"github.com/septet-ml/septet/learn/portable"
)

const (
	maxBins   = 255    // value bins of a column; one more cell is for missing
	maxSample = 200000 // values looked at to choose cuts
)

// key maps finite floats to unsigned integers of the same order; -0 and 0 have
// one key.
func key(x float64) uint64 {
	u := math.Float64bits(x + 0)
	return u ^ (uint64(int64(u)>>63) | 1<<63)
}

// unkey is the inverse of key.
func unkey(k uint64) float64 {
	return math.Float64frombits(k ^ (uint64(^int64(k)>>63) | 1<<63))
}

// cutter chooses cuts; it keeps its memory from column to column.
type cutter struct{ sample, spare []uint64 }

// points divides values (n of them, at(i) each; NaN is left out) into at most
// bins bins: bin b holds the values above cut b-1 and at most cut b, so there
// is one cut less than bins. As many distinct values or fewer get a bin each;
// otherwise bins are about equally full, and a value that would fill one alone
// gets its own. Cuts lie midway between neighbouring values.
//
// At most maxSample values are looked at, evenly spread with a step that is
// shifted by chance, so that periodic rows do no harm.
func (c *cutter) points(n int, at func(i int) float64, bins int) []float64 {
	c.sample = slices.Grow(c.sample[:0], min(n, maxSample))
	for i := range min(n, maxSample) {
		row := i
		if n > maxSample {
			lo, hi := spread(i, n), spread(i+1, n)
			row = lo + int(portable.Mix(uint64(i))%uint64(hi-lo))
		}
		if x := at(row); x == x {
			c.sample = append(c.sample, key(x))
		}
	}
	total := len(c.sample)
	c.spare = slices.Grow(c.spare[:0], total)[:total]
	sortKeys(c.sample, c.spare)
	values, counts := runs(c.sample, c.spare)
	if len(values) <= bins {
		cuts := make([]float64, max(len(values)-1, 0))
		for i := range cuts {
			cuts[i] = between(values[i], values[i+1])
		}
		return cuts
	}
	return equallyFull(values, counts, total, bins)
}

// spread is where the i-th of maxSample parts of 0..n begins.
func spread(i, n int) int {
	return int(uint64(i) * uint64(n) / maxSample)
}

// sortKeys sorts by bytes of the key, lowest first, and leaves out bytes that
// all keys have in common. spare is as long as keys.
func sortKeys(keys, spare []uint64) {
	if len(keys) < 1000 {
		slices.Sort(keys)
		return
	}
	var counts [8][256]int32
	for _, k := range keys {
		for b := range counts {
			counts[b][uint8(k>>(8*b))]++
		}
	}
	from, to := keys, spare
	for b := range counts {
		c := &counts[b]
		if c[uint8(keys[0]>>(8*b))] == int32(len(keys)) {
			continue
		}
		at := int32(0)
		for v, n := range c {
			c[v] = at
			at += n
		}
		for _, k := range from {
			v := uint8(k >> (8 * b))
			to[c[v]] = k
			c[v]++
		}
		from, to = to, from
	}
	copy(keys, from)
}

// runs moves the distinct keys of a sorted list to its front and writes how
// often each occurs to counts.
func runs(sorted, counts []uint64) (keys, times []uint64) {
	n := 0
	for i, k := range sorted {
		if i > 0 && k == sorted[n-1] {
			counts[n-1]++
			continue
		}
		sorted[n], counts[n] = k, 1
		n++
	}
	return sorted[:n], counts[:n]
}

// equallyFull chooses bins-1 cuts at most between ascending keys, of which
// there are more than bins. Keys that fill a bin alone come first; the rest
// share what is left.
func equallyFull(keys, counts []uint64, total, bins int) []float64 {
	full := float64(total) / float64(bins)
	light, left := float64(total), bins // rows and bins of keys that do not fill a bin
	for _, n := range counts {
		if float64(n) >= full {
			light -= float64(n)
			left--
		}
	}
	cuts := make([]float64, 0, bins-1)
	share := light / float64(max(left, 1))
	inBin := 0.0
	for i := 0; i+1 < len(keys) && len(cuts) < bins-1; i++ {
		heavy, nextHeavy := float64(counts[i]) >= full, float64(counts[i+1]) >= full
		if !heavy {
			inBin += float64(counts[i])
			light -= float64(counts[i])
		}
		if !heavy && inBin < share && !(nextHeavy && inBin >= share/2) {
			continue
		}
		cuts = append(cuts, between(keys[i], keys[i+1]))
		if !heavy {
			left--
			share = light / float64(max(left, 1))
		}
		inBin = 0
	}
	return cuts
}

// between is a cut with low <= cut < high, midway as far as floats allow.
func between(lowKey, highKey uint64) float64 {
	low, high := unkey(lowKey), unkey(highKey)
	cut := float64(low/2) + float64(high/2)
	if !(cut >= low && cut < high) {
		return low
	}
	return cut
}

// ruler finds the bin of a value, the number of cuts below it, without a
// branch per step. It holds the cuts' keys and is padded to a power of two.
type ruler []uint64

func newRuler(cuts []float64) ruler {
	r := make(ruler, 1<<bits.Len(uint(len(cuts))))
	for i := range r {
		r[i] = math.MaxUint64
	}
	for i, c := range cuts {
		r[i] = key(c)
	}
	return r
}

// bin is the number of cuts below x, 0 to 255; x is not NaN.
func (r ruler) bin(x float64) uint8 {
	k := key(x)
	at := uint64(0)
	for step := uint64(len(r)) / 2; step > 0; step /= 2 {
		_, below := bits.Sub64(r[at+step-1], k, 0)
		at += step & -below
	}
	return uint8(at)
}
