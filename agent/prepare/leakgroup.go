package prepare

import (
	"context"
	"fmt"
	"math"

	"github.com/septet-ml/septet/table"
)

// aggregates finds columns that were made of the answers of a group: the mean
// or the sum of the answers of all rows with the same value of another column,
// the row itself among them or left out. The evidence is by column.
func (c *checks) aggregates(ctx context.Context, all []*suspect) map[string]string {
	found := map[string]string{}
	for _, t := range []*table.Table{c.e.inputs, c.e.others} {
		for i := range t.Columns {
			g := &t.Columns[i]
			if g.Kind == table.Time || ctx.Err() != nil {
				continue
			}
			number := oneNumberEach(g)
			size := sizes(number)
			if len(size) < minGroups || len(size)*2 > c.e.n() {
				continue
			}
			groups := c.grouped(number, size)
			for _, s := range all {
				if s.Kind != table.Number || s.bins < minGroups || s.Name == g.Name || found[s.Name] != "" {
					continue
				}
				if how := groups.made(s.Column); how != "" {
					found[s.Name] = fmt.Sprintf("for each value of %s it is %s of the answers of its rows", g.Name, how)
				}
			}
		}
	}
	return found
}

// aggregated finds what aggregates found.
func (c *checks) aggregated(_ *answerKey, s *suspect) verdict {
	if evidence := c.aggregate[s.Name]; evidence != "" {
		return verdict{code: "leak.label_aggregate", evidence: evidence}
	}
	return verdict{}
}

// grouping is the rows by the values of a column, and the sums of the answers
// of each group. All rows count: who made a column of them had them all.
type grouping struct {
	number []int32
	size   []int
	answer []func(row int) float64 // the value, or an indicator for each class
	sum    [][]float64             // by answer and group
	pairs  [][2]int32              // the first two rows of some groups
}

func (c *checks) grouped(number []int32, size []int) grouping {
	out := grouping{number: number, size: size, pairs: pairsOf(number, len(size))}
	if c.e.classes() == 0 {
		out.answer = append(out.answer, func(r int) float64 { return c.e.target[r] })
	}
	for class := range c.e.classes() {
		out.answer = append(out.answer, func(r int) float64 {
			if int(c.e.target[r]) == class {
				return 1
			}
			return 0
		})
	}
	for _, answer := range out.answer {
		sum := make([]float64, len(out.size))
		for r, g := range out.number {
			sum[g] += answer(r)
		}
		out.sum = append(out.sum, sum)
	}
	return out
}

// made tells how x was made of the answers of the groups; "" if it was not.
func (g grouping) made(x *table.Column) string {
	first, constant := g.first(x)
	for k, answer := range g.answer {
		if !constant {
			if g.leavesOut(x, g.sum[k], answer) {
				return "the mean, that of the row itself left out,"
			}
			continue
		}
		var means, sums, xs []float64
		for at, v := range first {
			if v == v && g.size[at] > 1 {
				xs, means, sums = append(xs, v), append(means, g.sum[k][at]/float64(g.size[at])), append(sums, g.sum[k][at])
			}
		}
		if !isVaried(xs, minGroups) {
			return ""
		}
		if _, _, unexplained := line(means, xs); unexplained <= 1-aggregateShare {
			return "the mean"
		}
		if _, _, unexplained := line(sums, xs); unexplained <= 1-aggregateShare && isVaried(sums, minGroups) && !followsSize(g.size, sums) {
			return "the sum"
		}
	}
	return ""
}

// pairsOf are the first two rows of those groups that get their second first:
// of eight at most.
func pairsOf(number []int32, groups int) (pairs [][2]int32) {
	first := make([]int32, groups) // row + 1; -1 behind the second
	for r, at := range number {
		switch {
		case first[at] == 0:
			first[at] = int32(r) + 1
		case first[at] > 0:
			pairs = append(pairs, [2]int32{first[at] - 1, int32(r)})
			if first[at] = -1; len(pairs) == 8 {
				return pairs
			}
		}
	}
	return pairs
}

// first is the first value of x in each group, and whether it is the only one.
// Most columns show in the first pairs of rows that it is not.
func (g grouping) first(x *table.Column) (first []float64, constant bool) {
	for _, p := range g.pairs {
		if a, b := x.Number[p[0]], x.Number[p[1]]; a == a && b == b && !near(a, b, 1e-6) {
			return nil, false
		}
	}
	first = make([]float64, len(g.size))
	for i := range first {
		first[i] = math.NaN()
	}
	for r, at := range g.number {
		v := x.Number[r]
		if v != v {
			continue
		}
		if first[at] != first[at] {
			first[at] = v
		} else if !near(first[at], v, 1e-6) {
			return nil, false
		}
	}
	return first, true
}

// leavesOut tells that each value is the mean answer of the other rows of its
// group.
func (g grouping) leavesOut(x *table.Column, sum []float64, answer func(int) float64) bool {
	seen := 0
	for r, at := range g.number {
		v := x.Number[r]
		if v != v || g.size[at] < 2 {
			continue
		}
		if others := (sum[at] - answer(r)) / float64(g.size[at]-1); !near(others, v, 1e-4) {
			return false
		}
		seen++
	}
	return seen >= minRowsForTest
}

// followsSize tells that the sums go with the sizes of the groups: then a
// column like them may count rows.
func followsSize(size []int, sums []float64) bool {
	var k []float64
	for _, s := range size {
		if s > 1 {
			k = append(k, float64(s))
		}
	}
	if len(k) != len(sums) {
		return true
	}
	_, _, unexplained := line(k, sums)
	return unexplained < 0.1
}

// near tells that two figures are the same but for rounding.
func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1e-6, math.Abs(a), math.Abs(b))
}
