package prepare

import (
	"cmp"
	"math"
	"slices"

	"github.com/septet-ml/septet/table"
)

// maxBins is into how many bins of about equal size a column of numbers is
// cut at most to measure what it tells, and binRows how many rows a bin gets
// at least.
const (
	maxBins = 64
	binRows = 40
)

// answerKey is the answers of some rows, ready to be held against columns.
type answerKey struct {
	rows    []int32   // of the examples, ascending
	classes int       // 0 for regression
	class   []int32   // classification: one per row
	value   []float64 // regression: the ranks of the answers, from 0 to 1, ties shared; one per row
	raw     []float64 // regression: the answers
	count   []int     // rows of each class
}

func newAnswerKey(target []float64, classes int, rows []int32) *answerKey {
	k := &answerKey{rows: rows, classes: classes}
	if classes == 0 {
		k.raw = make([]float64, len(rows))
		for i, r := range rows {
			k.raw[i] = target[r]
		}
		k.value = ranks(k.raw)
		return k
	}
	k.class, k.count = make([]int32, len(rows)), make([]int, classes)
	for i, r := range rows {
		k.class[i] = int32(target[r])
		k.count[k.class[i]]++
	}
	return k
}

// rarest is the number of rows of the rarest class that has any.
func (k *answerKey) rarest() int {
	least := len(k.rows)
	for _, n := range k.count {
		if n > 0 {
			least = min(least, n)
		}
	}
	return least
}

// ranks are the ranks of values scaled to 0..1; equal values share theirs.
func ranks(values []float64) []float64 {
	order := ascending(values)
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2 / max(1, float64(len(values)-1))
		}
		from = to
	}
	return out
}

// ascending are the indexes of values in their order, NaN first, ties by
// index.
func ascending(values []float64) []int32 {
	type item struct {
		value float64
		at    int32
	}
	items := make([]item, len(values))
	for i, v := range values {
		items[i] = item{v, int32(i)}
	}
	slices.SortFunc(items, func(a, b item) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.at, b.at))
	})
	order := make([]int32, len(values))
	for i, item := range items {
		order[i] = item.at
	}
	return order
}

// bins numbers the values of a column at the key's rows: each different value
// has its own number if there are few or it is text (exact), else values share
// the bins of their quantiles. The last number is that of missing values.
func (k *answerKey) bins(c *table.Column) (bin []int32, n int, exact bool) {
	if c.Kind == table.Text {
		bin = make([]int32, len(k.rows))
		n = len(c.Levels) + 1
		for i, r := range k.rows {
			if bin[i] = c.Code[r]; bin[i] < 0 {
				bin[i] = int32(n - 1)
			}
		}
		return bin, n, true
	}
	values := k.values(c)
	return k.binned(values, ascending(values))
}

// binned is bins for numbers in their order.
func (k *answerKey) binned(values []float64, order []int32) (bin []int32, n int, exact bool) {
	bin = make([]int32, len(k.rows))
	present := len(order)
	for present > 0 && math.IsNaN(values[order[0]]) { // NaN sorts first
		order, present = order[1:], present-1
	}
	distinct := 0
	for i := range order {
		if i == 0 || values[order[i]] != values[order[i-1]] {
			distinct++
		}
	}
	per := 1
	if exact = distinct <= maxBins; !exact {
		per = max(binRows, (present+maxBins-1)/maxBins)
	}
	for i := range bin {
		bin[i] = -1
	}
	inBin := 0
	for i, at := range order {
		if i > 0 && values[at] != values[order[i-1]] && inBin >= per {
			n++
			inBin = 0
		}
		bin[at] = int32(n)
		inBin++
	}
	if present > 0 {
		n++
	}
	for i := range bin {
		if bin[i] < 0 {
			bin[i] = int32(n)
		}
	}
	return bin, n + 1, exact
}

// values are the numbers or times of a column at the key's rows; NaN is
// missing.
func (k *answerKey) values(c *table.Column) []float64 {
	out := make([]float64, len(k.rows))
	for i, r := range k.rows {
		switch {
		case c.IsMissing(int(r)):
			out[i] = math.NaN()
		case c.Kind == table.Time:
			out[i] = float64(c.Time[r])
		default:
			out[i] = c.Float(int(r))
		}
	}
	return out
}

// strength tells how well the bins alone foretell the answers: each half of
// the rows (every other one) is foretold from the mean answer of the bins in
// the other half. For classes it is the area under the ROC curve, the mean
// over those classes, each against the others, that have 20 rows or more; for
// values the share of the variance of their ranks that is explained.
func (k *answerKey) strength(bin []int32, n int) float64 {
	if k.classes == 0 {
		return max(0, k.explained(bin, n))
	}
	sum, classes := 0.0, 0
	for class := range k.classes {
		if k.count[class] < 20 || k.count[class] > len(k.rows)-20 {
			continue
		}
		sum += k.auc(bin, n, int32(class))
		classes++
		if k.classes == 2 {
			break
		}
	}
	if classes == 0 {
		return 0.5
	}
	return sum / float64(classes)
}

// prior is how many rows of the overall mean are mixed into each bin.
const prior = 1

// auc is the area under the ROC curve of the share of class in a row's bin.
func (k *answerKey) auc(bin []int32, n int, class int32) float64 {
	type group struct {
		score    float64
		pos, neg float64
	}
	var pos, all [2][]float64
	for half := range 2 {
		pos[half], all[half] = make([]float64, n), make([]float64, n)
	}
	for i, b := range bin {
		all[i&1][b]++
		if k.class[i] == class {
			pos[i&1][b]++
		}
	}
	mean := float64(k.count[class]) / float64(len(k.rows))
	var groups []group
	for half := range 2 {
		other := 1 - half
		for b := range n {
			if all[half][b] > 0 {
				score := (pos[other][b] + float64(prior*mean)) / (all[other][b] + prior)
				groups = append(groups, group{score, pos[half][b], all[half][b] - pos[half][b]})
			}
		}
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.score, b.score) })
	area, below, positives := 0.0, 0.0, 0.0
	for from := 0; from < len(groups); {
		to := from
		p, q := 0.0, 0.0
		for to < len(groups) && groups[to].score == groups[from].score {
			p += groups[to].pos
			q += groups[to].neg
			to++
		}
		area += p * (below + q/2)
		below += q
		positives += p
		from = to
	}
	return area / (positives * below)
}

// explained is 1 minus the squared error over the variance.
func (k *answerKey) explained(bin []int32, n int) float64 {
	var sum, all [2][]float64
	for half := range 2 {
		sum[half], all[half] = make([]float64, n), make([]float64, n)
	}
	mean := 0.0
	for i, b := range bin {
		sum[i&1][b] += k.value[i]
		all[i&1][b]++
		mean += k.value[i]
	}
	mean /= float64(len(bin))
	off, total := 0.0, 0.0
	for i, b := range bin {
		other := 1 - i&1
		guess := (sum[other][b] + float64(prior*mean)) / (all[other][b] + prior)
		d, e := k.value[i]-guess, k.value[i]-mean
		off += float64(d * d)
		total += float64(e * e)
	}
	if total == 0 {
		return 0
	}
	return 1 - off/total
}
