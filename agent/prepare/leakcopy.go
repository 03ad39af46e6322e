package prepare

import (
	"fmt"
	"math"

	"github.com/septet-ml/septet/table"
)

// copied finds columns from which the answer follows exactly.
func (c *checks) copied(key *answerKey, s *suspect) verdict {
	if key.classes == 0 {
		return key.copiedValue(s)
	}
	if key.rarest() < 10 {
		return verdict{}
	}
	stray := int(exactShare * float64(key.rarest()))
	if s.exact && s.bins*20 <= len(key.rows) {
		if strays, values := key.strays(s); strays <= stray && values >= 2 {
			v := verdict{code: "leak.target_function", evidence: fmt.Sprintf("its %d values tell the class in %d of %d rows", values, len(key.rows)-strays, len(key.rows))}
			if values == nonempty(key.count) {
				v.code = "leak.target_copy"
				v.evidence = fmt.Sprintf("its values stand for the classes one by one in %d of %d rows", len(key.rows)-strays, len(key.rows))
			}
			return v
		}
	}
	if s.Kind == table.Text || s.cut > stray {
		return verdict{}
	}
	return verdict{code: "leak.target_function", evidence: fmt.Sprintf("cut at %s, it tells the class in %d of %d rows",
		plural(nonempty(key.count)-1, "value"), len(key.rows)-s.cut, len(key.rows))}
}

// strays counts the rows that are not of the most frequent class of their
// value, and the values that have rows.
func (k *answerKey) strays(s *suspect) (strays, values int) {
	counts := k.table(s)
	for b := range s.bins {
		total, most := 0, 0
		for _, n := range counts[b*k.classes : (b+1)*k.classes] {
			total += n
			most = max(most, n)
		}
		if total > 0 {
			values++
		}
		strays += total - most
	}
	return strays, values
}

// cut counts the rows on the wrong side if the sorted values are cut into one
// run for each class, at the best places for two classes and between the
// classes' medians for more; missing values count as one more value.
func (k *answerKey) cut(values []float64, order []int32) int {
	absent := make([]int, k.classes)
	class, sorted := make([]int32, 0, len(order)), make([]float64, 0, len(order))
	for _, i := range order {
		if v := values[i]; v != v {
			absent[k.class[i]]++
		} else {
			class, sorted = append(class, k.class[i]), append(sorted, v)
		}
	}
	strays := 0
	for _, n := range absent {
		strays += n
	}
	strays -= maxOf(absent)
	if k.classes > 2 {
		return strays + runs(class, sorted, k.classes)
	}
	ones := 0
	for _, y := range class {
		ones += int(y)
	}
	// below ones and zeros so far; wrong if ones lie above the cut, or below it.
	best, onesBelow := min(ones, len(class)-ones), 0
	for i, y := range class {
		onesBelow += int(y)
		if i+1 < len(class) && sorted[i] == sorted[i+1] {
			continue
		}
		zerosBelow := i + 1 - onesBelow
		wrong := onesBelow + len(class) - ones - zerosBelow
		best = min(best, wrong, len(class)-wrong)
	}
	return strays + best
}

// runs counts the rows outside of the run of their class, where the classes
// are taken in the order of their medians.
func runs(class []int32, sorted []float64, classes int) int {
	middle := make([][]float64, classes)
	for i, y := range class {
		middle[y] = append(middle[y], sorted[i])
	}
	var order []float64 // medians, then sorted; class by median
	at := map[float64]int32{}
	for y, values := range middle {
		if len(values) > 0 {
			m := values[len(values)/2]
			if _, taken := at[m]; taken {
				return len(class)
			}
			at[m] = int32(y)
			order = append(order, m)
		}
	}
	strays := 0
	for _, r := range ascending(order) {
		y := at[order[r]]
		low, high := middle[y][0], middle[y][len(middle[y])-1]
		for i, v := range sorted {
			if v >= low && v <= high && class[i] != y {
				strays++
			}
		}
	}
	return strays
}

// copiedValue finds columns of numbers from which a value follows exactly.
func (k *answerKey) copiedValue(s *suspect) verdict {
	if s.Kind != table.Number {
		return verdict{}
	}
	xs, ys := k.beside(k.values(s.Column))
	same, present := 0, len(xs)
	for i, v := range xs {
		if math.Abs(v-ys[i]) <= 1e-9*math.Abs(v) {
			same++
		}
	}
	if present < minRowsForTest || present*2 < len(k.rows) {
		return verdict{}
	}
	if same*1000 >= present*999 && spread(ys) > 0 {
		return verdict{code: "leak.target_copy", evidence: fmt.Sprintf("it is the answer in %d of %d rows", same, present)}
	}
	slope, intercept, unexplained := line(xs, ys)
	if unexplained < 1e-8 {
		return verdict{code: "leak.target_function", evidence: fmt.Sprintf("the answer is %.6g × the column %+.6g in all %d rows", slope, intercept, present)}
	}
	if _, _, unexplained = line(ranks(xs), ranks(ys)); unexplained < 1e-5 && isVaried(ys, 20) {
		return verdict{code: "leak.target_function", evidence: fmt.Sprintf("sorted by it, all %d rows are sorted by the answer", present)}
	}
	return verdict{}
}

// beside is numbers, one for each row of the key, without the missing ones, and
// the answers of their rows.
func (k *answerKey) beside(values []float64) (xs, ys []float64) {
	xs, ys = make([]float64, 0, len(values)), make([]float64, 0, len(values))
	for i, v := range values {
		if v == v {
			xs, ys = append(xs, v), append(ys, k.raw[i])
		}
	}
	return xs, ys
}

// line fits y = slope·x + intercept by least squares; unexplained is the
// share of y's variance that is left, 1 where either does not vary.
func line(x, y []float64) (slope, intercept, unexplained float64) {
	mx, my := mean(x), mean(y)
	xx, xy, yy := 0.0, 0.0, 0.0
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xx += float64(dx * dx)
		xy += float64(dx * dy)
		yy += float64(dy * dy)
	}
	if !(xx > 0 && yy > 0) {
		return 0, my, 1
	}
	slope = xy / xx
	intercept = my - float64(slope*mx)
	left := 0.0
	for i := range x {
		d := y[i] - intercept - float64(slope*x[i])
		left += float64(d * d)
	}
	return slope, intercept, left / yy
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}

func variance(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += float64((v - m) * (v - m))
	}
	return sum / float64(max(1, len(x)))
}

func spread(x []float64) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	return high - low
}

// isVaried tells that there are n different numbers or more.
func isVaried(x []float64, n int) bool {
	seen := map[float64]bool{}
	for _, v := range x {
		if seen[v] = true; len(seen) >= n {
			return true
		}
	}
	return n <= 0
}

func nonempty(counts []int) (n int) {
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

func sumOf(counts []int) (sum int) {
	for _, c := range counts {
		sum += c
	}
	return sum
}

func maxOf(counts []int) (most int) {
	for _, c := range counts {
		most = max(most, c)
	}
	return most
}

// maxPairColumns is how many columns of numbers are tried two by two, and
// maxPairRows on how many rows.
const maxPairColumns, maxPairRows = 40, 4000

// pairs finds two columns that make the answer together: their sum,
// difference, product or quotient is the value, or its sign is the class.
func (c *checks) pairs(key *answerKey, all []*suspect) {
	var columns []*suspect
	for _, s := range all {
		if s.Kind != table.Text && !c.isTime(s.Name) && !c.dropped(s.Name) && len(columns) < maxPairColumns {
			columns = append(columns, s)
		}
	}
	rows := key.rows
	if step := (len(rows) + maxPairRows - 1) / maxPairRows; step > 1 {
		rows = nil
		for i := 0; i < len(key.rows); i += step {
			rows = append(rows, key.rows[i])
		}
	}
	part := newAnswerKey(c.e.target, key.classes, rows)
	if key.classes > 2 || key.classes == 2 && part.rarest() < 30 {
		return
	}
	for i, a := range columns {
		x := part.values(a.Column)
		for _, b := range columns[i+1:] {
			if a.Kind != b.Kind {
				continue
			}
			how := part.made(x, part.values(b.Column), a.Kind == table.Number)
			if how == "" {
				continue
			}
			for _, s := range []*suspect{a, b} {
				if !c.dropped(s.Name) {
					c.remove("leak.target_function", s.Name, fmt.Sprintf("%s of %s and %s gives the answer in all of %d rows", how, a.Name, b.Name, len(rows)))
				}
			}
		}
	}
}

// made tells how the answers are made of two columns, "" if they are not.
func (k *answerKey) made(x, y []float64, number bool) string {
	ways := []struct {
		name string
		of   func(a, b float64) float64
	}{
		{"the difference", func(a, b float64) float64 { return a - b }},
		{"the sum", func(a, b float64) float64 { return a + b }},
		{"the product", func(a, b float64) float64 { return a * b }},
		{"the quotient", func(a, b float64) float64 { return a / b }},
		{"the other quotient", func(a, b float64) float64 { return b / a }},
	}
	if !number || k.classes > 0 {
		ways = ways[:1]
	}
	for _, way := range ways {
		z := make([]float64, len(x))
		present := 0
		for i := range x {
			z[i] = way.of(x[i], y[i])
			if math.IsInf(z[i], 0) {
				z[i] = math.NaN()
			}
			if z[i] == z[i] {
				present++
			}
		}
		if present < minRowsForTest || present*10 < len(x)*9 {
			continue
		}
		if k.gives(z) {
			return way.name
		}
	}
	return ""
}

// gives tells that the answers follow exactly from numbers, one for each row
// of the key.
func (k *answerKey) gives(z []float64) bool {
	if k.classes > 0 {
		return k.cut(z, ascending(z)) == 0
	}
	xs, ys := k.beside(z)
	_, _, unexplained := line(xs, ys)
	return unexplained < 1e-8 && isVaried(ys, 20)
}

// dropped tells that a column has been removed.
func (c *checks) dropped(name string) bool { return c.found(name, "removed") }
