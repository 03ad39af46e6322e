package baseline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// Rule is a rule of thumb: the one column that says most, cut into at most
// four ranges or groups of levels.
type Rule struct{}

// Name is "rule".
func (Rule) Name() string { return "rule" }

const (
	maxLeaves = 4
	maxBins   = 32 // quantiles of a number, or levels of a text, that cuts are tried between
)

// Fit tries every column: its rows go into bins, the bins are put in order,
// and the order is cut greedily where the squared error (Gini for classes)
// falls most. Bins of a number are in the order of the values, those of a text
// in the order of their mean answer.
func (Rule) Fit(ctx context.Context, train learn.Data, _ *learn.Data, _ learn.Options) (learn.Model, error) {
	if err := train.Check(); err != nil {
		return nil, fmt.Errorf("fit rule: %w", err)
	}
	prior := mean(&train, func(int) int { return 0 }, 1, nil)[0]
	best := &Model{Family: "rule", Leaves: [][]float64{prior}}
	bestGain := 0.0
	for j := range train.Table.Columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b := newBins(&train, j)
		segments, gain := b.cut()
		if gain > bestGain*(1+1e-9) {
			bestGain, best = gain, b.model(&train, segments, prior)
		}
	}
	return best, nil
}

// bins are the rows of one column in bins, with the sums of the answers.
type bins struct {
	index  int // of the column
	column *table.Column
	cuts   []float64     // upper ends of a number's bins but the last
	codes  map[int32]int // bin of a text's level; the others are in the last bin
	weight []float64     // one per bin; the last is of the missing values
	sums   [][]float64   // per bin and class, or per bin the sum of the answers
	order  []int         // bins with a value and weight, in the order of the cuts
	least  float64       // weight that a leaf needs
	total  float64
}

func newBins(d *learn.Data, j int) *bins {
	b := &bins{index: j, column: &d.Table.Columns[j]}
	n := 0
	if b.column.Kind == table.Number {
		b.cuts = quantiles(d, b.column)
		n = len(b.cuts) + 1
	} else {
		b.codes = frequent(d, b.column)
		n = len(b.codes) + 1
	}
	width := max(1, d.Classes)
	b.weight, b.sums = make([]float64, n+1), make([][]float64, n+1)
	for i := range b.sums {
		b.sums[i] = make([]float64, width)
	}
	for i := range d.N() {
		row := d.Row(i)
		w := weight(d, row)
		bin := b.bin(row)
		b.weight[bin] += w
		b.total += w
		if d.Classes > 0 {
			b.sums[bin][int(d.Target[row])] += w
		} else {
			b.sums[bin][0] += float64(w * d.Target[row])
		}
	}
	b.least = math.Max(5, b.total/100)
	for i := range n {
		if b.weight[i] > 0 {
			b.order = append(b.order, i)
		}
	}
	if b.codes != nil {
		slices.SortStableFunc(b.order, func(a, c int) int { return cmp.Compare(b.level(a), b.level(c)) })
	}
	return b
}

// level is what a text's bins are put in order by: the mean answer, or the
// share of the last class.
func (b *bins) level(bin int) float64 {
	sums := b.sums[bin]
	return sums[len(sums)-1] / b.weight[bin]
}

// bin of a row; the last one is for missing values.
func (b *bins) bin(row int) int {
	if b.column.IsMissing(row) {
		return len(b.weight) - 1
	}
	if b.codes != nil {
		if bin, known := b.codes[b.column.Code[row]]; known {
			return bin
		}
		return len(b.codes)
	}
	at, _ := slices.BinarySearch(b.cuts, b.column.Number[row])
	return at
}

// quantiles are at most maxBins-1 values of the rows in use.
func quantiles(d *learn.Data, c *table.Column) []float64 {
	var values []float64
	for i := range d.N() {
		if v := c.Number[d.Row(i)]; !math.IsNaN(v) && weight(d, d.Row(i)) > 0 {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	var cuts []float64
	for k := 1; k < maxBins && len(values) > 0; k++ {
		v := values[k*len(values)/maxBins]
		if (len(cuts) == 0 || v > cuts[len(cuts)-1]) && v < values[len(values)-1] {
			cuts = append(cuts, v)
		}
	}
	if len(cuts) == 0 && len(values) > 0 && values[0] < values[len(values)-1] {
		cuts = append(cuts, values[0])
	}
	return cuts
}

// frequent gives a bin to each of the heaviest levels.
func frequent(d *learn.Data, c *table.Column) map[int32]int {
	weights := make(map[int32]float64)
	for i := range d.N() {
		row := d.Row(i)
		if code := c.Code[row]; code >= 0 {
			weights[code] += weight(d, row)
		}
	}
	codes := make([]int32, 0, len(weights))
	for code := range weights {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b int32) int { return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a, b)) })
	out := make(map[int32]int)
	for i, code := range codes[:min(len(codes), maxBins-1)] {
		out[code] = i
	}
	return out
}

// worth is what the squared error of bins falls by when they have a leaf of
// their own: the sum of squares of the sums over the weight.
func (b *bins) worth(group []int) (gain, weight float64) {
	sums := make([]float64, len(b.sums[0]))
	for _, bin := range group {
		weight += b.weight[bin]
		for k, v := range b.sums[bin] {
			sums[k] += v
		}
	}
	if weight == 0 {
		return 0, 0
	}
	for _, v := range sums {
		gain += float64(v*v) / weight
	}
	return gain, weight
}

// cut divides the ordered bins into at most maxLeaves segments; gain is what
// the error falls by, the leaf of the missing values included.
func (b *bins) cut() (segments [][]int, gain float64) {
	segments = [][]int{b.order}
	everything := append(slices.Clone(b.order), len(b.weight)-1)
	whole, _ := b.worth(everything)
	missing, _ := b.worth(everything[len(b.order):])
	rest, _ := b.worth(b.order)
	gain = missing + rest - whole
	for len(segments) < maxLeaves {
		best, at, in := 0.0, 0, -1
		for s, segment := range segments {
			now, _ := b.worth(segment)
			for k := 1; k < len(segment); k++ {
				left, wl := b.worth(segment[:k])
				right, wr := b.worth(segment[k:])
				if g := left + right - now; wl >= b.least && wr >= b.least && g > best*(1+1e-9) {
					best, at, in = g, k, s
				}
			}
		}
		if in < 0 || best <= 1e-12 {
			break
		}
		segments = slices.Insert(segments, in+1, segments[in][at:])
		segments[in] = segments[in][:at]
		gain += best
	}
	return segments, gain
}

func (b *bins) model(d *learn.Data, segments [][]int, prior []float64) *Model {
	leafOf := make([]int, len(b.weight))
	leafOf[len(b.weight)-1] = len(segments)
	m := &Model{Family: "rule", Column: b.index, ColumnName: b.column.Name}
	for s, segment := range segments {
		for _, bin := range segment {
			leafOf[bin] = s
		}
		if last := segment[len(segment)-1]; b.codes == nil && s+1 < len(segments) {
			m.Cuts = append(m.Cuts, b.cuts[last])
		}
	}
	if b.codes != nil {
		m.Level = make(map[int32]int)
		for code, bin := range b.codes {
			m.Level[code] = leafOf[bin]
		}
		m.Other = leafOf[len(b.codes)]
	}
	m.Leaves = mean(d, func(row int) int { return leafOf[b.bin(row)] }, len(segments)+1, prior)
	m.Words = b.words(m, segments)
	return m
}

// words states the rule as a person would.
func (b *bins) words(m *Model, segments [][]int) string {
	var parts []string
	for s, segment := range segments {
		what := ""
		switch {
		case b.codes != nil:
			what = b.levels(segment)
		case len(m.Cuts) == 0:
			what = "known"
		case s < len(m.Cuts):
			what = fmt.Sprintf("up to %.6g", m.Cuts[s])
		default:
			what = fmt.Sprintf("above %.6g", m.Cuts[len(m.Cuts)-1])
		}
		leaf := m.Leaves[s]
		parts = append(parts, fmt.Sprintf("%s → %.4g", what, leaf[len(leaf)-1]))
	}
	return b.column.Name + ": " + strings.Join(parts, "; ")
}

// levels names at most three levels of a segment.
func (b *bins) levels(segment []int) string {
	var names []string
	for code, bin := range b.codes {
		if slices.Contains(segment, bin) && int(code) < len(b.column.Levels) {
			names = append(names, b.column.Levels[code])
		}
	}
	slices.Sort(names)
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	if len(names) == 0 {
		return "other"
	}
	return strings.Join(names, ", ")
}
