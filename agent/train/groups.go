package train

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/septet-ml/septet/table"
)

// grouping is the test rows by what one column has.
type grouping struct {
	column string
	names  []string  // of the groups
	rows   [][]int32 // of the test, ascending; never empty
}

const (
	leastRows  = 20 // a group of fewer test rows is put with the other small ones, which are left out if they are fewer still
	mostGroups = 12 // of a column, beside the small ones and the missing
	bins       = 4  // of a number with more values than that

	otherGroup   = "(other)"
	missingGroup = "(missing)"
)

// groupBy groups the test rows by a column: by its values, or by quarters of a
// number with many. Which groups there are is decided on the rows before the
// test. ok is false where they are one.
func groupBy(column string, fit, test *table.Column) (g grouping, ok bool) {
	var of func(row int) string
	var order []string
	switch {
	case fit.Kind == table.Time:
		return g, false
	case fit.Kind == table.Number && hasMany(fit.Number):
		order, of = quarters(fit, test)
	default:
		order, of = levels(fit, test)
	}
	members := make(map[string][]int32)
	for row := range test.Len() {
		name := missingGroup
		if !test.IsMissing(row) {
			name = of(row)
		}
		members[name] = append(members[name], int32(row))
	}
	g.column = column
	small := members[otherGroup]
	for _, name := range append(order, missingGroup) {
		switch rows := members[name]; {
		case len(rows) >= leastRows:
			g.names, g.rows = append(g.names, name), append(g.rows, rows)
		default:
			small = append(small, rows...)
		}
	}
	if len(small) >= leastRows {
		slices.Sort(small)
		g.names, g.rows = append(g.names, otherGroup), append(g.rows, small)
	}
	return g, len(g.names) > 1
}

// hasMany tells whether numbers have more than mostGroups different values.
func hasMany(numbers []float64) bool {
	seen := make(map[uint64]bool)
	for _, x := range numbers {
		if x == x {
			seen[math.Float64bits(x)] = true
		}
		if len(seen) > mostGroups {
			return true
		}
	}
	return false
}

// values counts the values of a category, or of a number with few.
func values(c *table.Column) map[string]int {
	count := make(map[string]int)
	if c.Kind == table.Text {
		of := make([]int, len(c.Levels))
		for _, code := range c.Code {
			if code >= 0 {
				of[code]++
			}
		}
		for code, n := range of {
			if n > 0 {
				count[c.Levels[code]] = n
			}
		}
		return count
	}
	of := make(map[uint64]int) // by the number's bits
	for _, x := range c.Number {
		if x == x {
			of[math.Float64bits(x)]++
		}
	}
	for bits, n := range of {
		count[plain(math.Float64frombits(bits))] = n
	}
	return count
}

func valueOf(c *table.Column, row int) string {
	if c.Kind == table.Text {
		return c.Levels[c.Code[row]]
	}
	return plain(c.Number[row])
}

// levels are the most frequent values, in the order of numbers or of texts;
// all others are the other group.
func levels(fit, test *table.Column) (order []string, of func(int) string) {
	count := values(fit)
	delete(count, otherGroup)
	delete(count, missingGroup)
	order = slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	order = order[:min(len(order), mostGroups)]
	slices.SortFunc(order, func(a, b string) int {
		if fit.Kind == table.Number {
			x, _ := strconv.ParseFloat(a, 64) // made by FormatFloat
			y, _ := strconv.ParseFloat(b, 64)
			return cmp.Compare(x, y)
		}
		return cmp.Compare(a, b)
	})
	known := make(map[string]bool)
	for _, name := range order {
		known[name] = true
	}
	return order, func(row int) string {
		if name := valueOf(test, row); known[name] {
			return name
		}
		return otherGroup
	}
}

// quarters are the ranges between the quartiles of the rows before the test.
func quarters(fit, test *table.Column) (order []string, of func(int) string) {
	all := slices.DeleteFunc(slices.Clone(fit.Number), math.IsNaN)
	slices.Sort(all)
	var edges []float64
	for k := 1; k < bins; k++ {
		e := all[k*len(all)/bins]
		if e > all[0] && (len(edges) == 0 || e > edges[len(edges)-1]) {
			edges = append(edges, e)
		}
	}
	if len(edges) == 0 {
		return []string{"all"}, func(int) string { return "all" }
	}
	text := apart(edges)
	order = append(order, "below "+text[0])
	for k := 1; k < len(edges); k++ {
		order = append(order, text[k-1]+" to "+text[k])
	}
	order = append(order, text[len(edges)-1]+" or more")
	return order, func(row int) string {
		k, found := slices.BinarySearch(edges, test.Number[row])
		if found {
			k++
		}
		return order[k]
	}
}

// apart writes rising numbers with as few figures, from four on, as keep them
// apart.
func apart(numbers []float64) []string {
	for figures := 4; ; figures++ {
		var out []string
		for _, x := range numbers {
			short, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', figures, 64), 64) // it is a number
			out = append(out, plain(short))
		}
		if figures >= 17 || len(slices.Compact(slices.Clone(out))) == len(out) {
			return out
		}
	}
}

// plain writes a number without an exponent, unless that would be long.
func plain(x float64) string {
	if a := math.Abs(x); a != 0 && !(a >= 1e-6 && a < 1e15) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
