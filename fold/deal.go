package fold

import (
	"math/rand/v2"
	"slices"
)

// units is the rows (as positions in rows) by what must stay together: rows of
// one group or one duplicate, and what those join in turn. Every position is
// in alone or in exactly one of the sets; both are in the order of their first
// position.
type units struct {
	alone []int32
	sets  [][]int32 // of two rows or more
}

func (u units) len() int { return len(u.alone) + len(u.sets) }

func (d Data) units(rows []int32) units {
	if d.Group == nil && d.Duplicate == nil {
		u := units{alone: make([]int32, len(rows))}
		for i := range u.alone {
			u.alone[i] = int32(i)
		}
		return u
	}
	root := d.roots(rows)
	size := make([]int32, len(rows)) // by root
	for _, r := range root {
		size[r]++
	}
	var u units
	at := make(map[int32]int) // by root of a set
	for i, r := range root {
		if size[r] == 1 {
			u.alone = append(u.alone, int32(i))
			continue
		}
		k, known := at[r]
		if !known {
			k = len(u.sets)
			at[r] = k
			u.sets = append(u.sets, make([]int32, 0, size[r]))
		}
		u.sets[k] = append(u.sets[k], int32(i))
	}
	return u
}

// roots gives each position in rows the first position of its unit.
func (d Data) roots(rows []int32) []int32 {
	parent := make([]int32, len(rows))
	for i := range parent {
		parent[i] = int32(i)
	}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for _, id := range [][]int32{d.Group, d.Duplicate} {
		if id == nil {
			continue
		}
		first := make(map[int32]int32)
		for i, r := range rows {
			if id[r] < 0 {
				continue
			}
			j, seen := first[id[r]]
			if !seen {
				first[id[r]] = int32(i)
				continue
			}
			a, b := find(j), find(int32(i))
			parent[max(a, b)] = min(a, b)
		}
	}
	for i := range parent {
		parent[i] = find(int32(i))
	}
	return parent
}

// strata is a stratum per position in rows and how many there are: the class,
// or for regression one of up to 20 quantiles of the target with about 20
// rows each at least.
func (d Data) strata(rows []int32) ([]int32, int) {
	of := make([]int32, len(rows))
	switch {
	case d.Target == nil:
		return of, 1
	case d.Classes > 0:
		for i, r := range rows {
			of[i] = int32(d.Target[r])
		}
		return of, d.Classes
	}
	n := min(max(len(rows)/20, 1), 20)
	order := make([]int32, len(rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch x, y := d.Target[rows[a]], d.Target[rows[b]]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	for rank, i := range order {
		of[i] = int32(rank * n / len(rows))
	}
	return of, n
}

// dealer hands out units to parts.
type dealer struct {
	shares []float64 // of each part, sum 1
	want   []float64 // rows by [part × strata + stratum]
	have   []float64 // the same, handed out so far
	strata int
}

// deal gives a part (an index in shares) per position in rows. Shares sum to
// 1; a part with share 0 gets nothing.
func (d Data) deal(rows []int32, of units, shares []float64, seed uint64) []int32 {
	stratum, n := d.strata(rows)
	size := make([]float64, n)
	for _, s := range stratum {
		size[s]++
	}
	deal := dealer{shares, make([]float64, n*len(shares)), make([]float64, n*len(shares)), n}
	for p, share := range shares {
		for s := range n {
			deal.want[p*n+s] = share * size[s]
		}
	}
	random := rand.New(rand.NewPCG(seed, 0x666f6c64)) // "fold"
	out := make([]int32, len(rows))
	single := make([][]int32, n)
	for _, i := range of.alone {
		single[stratum[i]] = append(single[stratum[i]], i)
	}
	large := slices.Clone(of.sets)
	random.Shuffle(len(large), func(i, j int) { large[i], large[j] = large[j], large[i] })
	slices.SortStableFunc(large, func(a, b []int32) int { return len(b) - len(a) })
	for _, u := range large {
		p := deal.place(u, stratum)
		for _, i := range u {
			out[i] = p
		}
	}
	deal.spread(single, random, d.Classes > 0, out)
	return out
}

// place hands a unit to the part where it adds least to the sum over the
// strata of (have - want)² / want.
func (d *dealer) place(unit, stratum []int32) int32 {
	count := make(map[int32]float64)
	var seen []int32
	for _, i := range unit {
		if count[stratum[i]] == 0 {
			seen = append(seen, stratum[i])
		}
		count[stratum[i]]++
	}
	best, least := -1, 0.0
	for p, share := range d.shares {
		if share == 0 {
			continue
		}
		cost := 0.0
		for _, s := range seen {
			at, c := p*d.strata+int(s), count[s]
			cost += c * (2*(d.have[at]-d.want[at]) + c) / d.want[at]
		}
		if best < 0 || cost < least {
			best, least = p, cost
		}
	}
	for _, s := range seen {
		d.have[best*d.strata+int(s)] += count[s]
	}
	return int32(best)
}

// spread hands out the rows that stand alone, stratum by stratum, the
// smallest first, so that each part gets its share of each stratum and of
// all. What rounding gives or takes in one stratum is made up in the next.
// With everywhere, every part gets one of each stratum where there are enough.
func (d *dealer) spread(single [][]int32, random *rand.Rand, everywhere bool, out []int32) {
	order := make([]int, d.strata)
	for s := range order {
		order[s] = s
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(single[a]) - len(single[b]) })
	carry := make([]float64, len(d.shares))
	for _, s := range order {
		rows := single[s]
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		quota := d.quota(s, len(rows), carry)
		if everywhere {
			d.oneEach(s, quota)
		}
		for p, n := range quota {
			for _, i := range rows[:n] {
				out[i] = int32(p)
			}
			rows = rows[n:]
			d.have[p*d.strata+s] += float64(n)
		}
	}
}

// quota divides n rows of stratum s by largest remainder in proportion to
// what the parts still want, carry included, and leaves in carry what
// rounding owes.
func (d *dealer) quota(s, n int, carry []float64) []int {
	open := make([]float64, len(d.shares))
	sum := 0.0
	for p, share := range d.shares {
		if share > 0 {
			at := p*d.strata + s
			open[p] = max(d.want[at]-d.have[at]+carry[p], 0)
		}
		sum += open[p]
	}
	quota := make([]int, len(d.shares))
	if n == 0 || sum == 0 {
		return quota
	}
	left := n
	for p := range open {
		open[p] *= float64(n) / sum
		quota[p] = int(open[p])
		left -= quota[p]
		carry[p] = open[p] - float64(quota[p])
	}
	for ; left > 0; left-- {
		best := 0
		for p := range carry {
			if carry[p] > carry[best] {
				best = p
			}
		}
		quota[best]++
		carry[best]--
	}
	return quota
}

// oneEach moves single rows of stratum s from the parts with most to those
// with none.
func (d *dealer) oneEach(s int, quota []int) {
	has := func(p int) float64 { return d.have[p*d.strata+s] + float64(quota[p]) }
	for p, share := range d.shares {
		if share == 0 || has(p) > 0 {
			continue
		}
		from := -1
		for q := range quota {
			if quota[q] > 0 && has(q) > 1 && (from < 0 || has(q) > has(from)) {
				from = q
			}
		}
		if from >= 0 {
			quota[from]--
			quota[p]++
		}
	}
}
