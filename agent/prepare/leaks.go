package prepare

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// The bars of the checks. Strength is answerKey.strength. They were set on
// some 1,100 columns of 42 public tables: the strongest ones that are no leaks
// reach an area of 0.987 (a mushroom's odor) and an explained share of 0.936
// (the carat of a diamond).
const (
	nearArea, nearShare       = 0.99, 0.96 // a copy with noise: removed
	unitShare                 = 0.98       // of the answer's variance, in its own unit: removed
	noisyShare                = 0.80       // of the variance of a copy of the answer with an error added: removed
	strongArea, strongShare   = 0.95, 0.85 // told
	lateArea, lateShare       = 0.75, 0.60 // late by its name and this strong: removed
	hintArea, hintShare       = 0.60, 0.25 // late by its name and this strong: told
	exactShare                = 0.005      // of the rows of the rarest class that may stray from an exact rule
	futureShare               = 0.02       // of the rows with a time that may lie after the row's own
	aggregateShare            = 0.99       // of the variance between groups
	minRowsForTest, minGroups = 100, 8
)

// verdict is what is wrong with one column; code "" is nothing.
type verdict struct {
	code     string
	evidence string
	warn     bool // told, not removed
}

// suspect is one column on trial.
type suspect struct {
	*table.Column
	bins     int
	exact    bool // every value has its own bin
	strength float64
	counts   []int // classes and numbers or times: see answerKey.table
	cut      int   // the same: see answerKey.cut
}

func newSuspect(key *answerKey, c *table.Column) *suspect {
	s := &suspect{Column: c}
	if c.Kind == table.Text {
		var bin []int32
		bin, s.bins, s.exact = key.bins(c)
		s.strength = key.strength(bin, s.bins)
		return s
	}
	values := key.values(c)
	order := ascending(values)
	if key.classes > 0 {
		s.cut = key.cut(values, order)
	}
	var bin []int32
	bin, s.bins, s.exact = key.binned(values, order)
	s.strength = key.strength(bin, s.bins)
	if key.classes > 0 {
		s.counts = key.counts(bin, s.bins)
	}
	return s
}

// leaks looks for columns that know the answer. Each column gets the first
// verdict that fits, from the surest to the least sure.
func (c *checks) leaks(ctx context.Context) {
	key := newAnswerKey(c.e.target, c.e.classes(), c.fit())
	all := make([]*suspect, len(c.e.inputs.Columns))
	err := learn.Blocks(ctx, len(all), 1, c.desk.Settings.Threads, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			all[i] = newSuspect(key, &c.e.inputs.Columns[i])
		}
	})
	if err != nil {
		return // and the gate stays open
	}
	c.aggregate = c.aggregates(ctx, all)
	for _, s := range all {
		if ctx.Err() != nil {
			return
		}
		if len(key.rows) < minRowsForTest {
			break
		}
		v := c.try(key, s)
		if v.code != "" && !v.warn && !c.isTime(s.Name) {
			c.remove(v.code, s.Name, v.evidence)
		} else if v.code != "" {
			c.find(v.code, handoff.Warning, handoff.Warned, s.Name, v.evidence, "look at how the column comes to be; to leave it out: --exclude "+s.Name)
		}
	}
	if len(key.rows) >= minRowsForTest {
		c.pairs(key, all)
		c.companions(all)
		c.keys(key)
	}
	c.done = append(c.done, gateLeaks)
}

func (c *checks) isTime(name string) bool { return name == c.e.timeColumn() }

// try holds one column against all that looks at columns one by one.
func (c *checks) try(key *answerKey, s *suspect) verdict {
	for _, test := range []func(*answerKey, *suspect) verdict{
		c.present, c.orders, c.copied, c.aggregated, c.spelled, c.future, c.nearly, c.meant, c.strong,
	} {
		if v := test(key, s); v.code != "" {
			return v
		}
	}
	return verdict{}
}

// bar is the one of two bars that fits the kind of answer.
func (k *answerKey) bar(area, share float64) float64 {
	if k.classes > 0 {
		return area
	}
	return share
}

// told is the strength in words.
func (k *answerKey) told(strength float64) string {
	if k.classes > 0 {
		return fmt.Sprintf("alone it reaches AUC %.3f", strength)
	}
	return fmt.Sprintf("alone it explains %.1f %% of the answer's ranks", 100*strength)
}

// strong tells of a column that foretells nearly everything, and is kept: it
// may be what decides.
func (c *checks) strong(key *answerKey, s *suspect) verdict {
	if s.strength < key.bar(strongArea, strongShare) {
		return verdict{}
	}
	return verdict{
		code: "leak.too_predictive", warn: true,
		evidence: key.told(s.strength) + ": either it decides, or it is known only afterwards",
	}
}

// nearly finds copies with noise.
func (c *checks) nearly(key *answerKey, s *suspect) verdict {
	v := verdict{code: "leak.near_copy", evidence: key.told(s.strength) + ", as a copy of the answer with errors would"}
	if s.strength >= key.bar(nearArea, nearShare) {
		return v
	}
	if key.classes == 0 {
		if share := key.sameUnit(s); share >= unitShare {
			v.evidence = fmt.Sprintf("it is the answer with an error that leaves %.1f %% of its variance, in the same unit and without a shift of it", 100*share)
			return v
		}
		if share := key.noisyValue(s); share >= noisyShare {
			v.evidence = fmt.Sprintf("it is the answer plus an error that is the same for small and large answers: one more of the answer is one more of it, without a shift, and %.1f %% of its variance is the answer's", 100*share)
			return v
		}
		return verdict{}
	}
	if recall := key.pairedLevels(s); recall >= 0.9 {
		v.evidence = fmt.Sprintf("its values stand for the classes one by one: they name the right one in %.1f %% of the rows, the mean over the classes", 100*recall)
		return v
	}
	if s.Kind == table.Number && s.strength >= 0.85 && key.noisyCode(s.Column) {
		v.evidence = key.told(s.strength) + ", and its mean in each class is another whole number: the number of the class with noise added"
		return v
	}
	return verdict{}
}

// sameUnit is the share of the answer's variance that a column of numbers
// explains as it stands: the answer grows by one where the column does, to
// within 3 %; 0 for other columns. Ranks do not see a copy of an answer that
// is the same small number in most rows.
func (k *answerKey) sameUnit(s *suspect) float64 {
	if s.Kind != table.Number {
		return 0
	}
	xs, ys := k.beside(k.values(s.Column))
	slope, _, unexplained := line(xs, ys)
	if 2*len(xs) < len(k.rows) || len(xs) < minRowsForTest || math.Abs(slope-1) > 0.03 {
		return 0
	}
	return 1 - unexplained
}

// noisyValue is the share of a column's variance that is the answer's, if the
// column is the answer with an error added: as a function of the answer it has
// a slope of 1 (to within 2 %) and no shift (of 2 % of the spread), and the
// error is as wide in each quarter of the answers; 0 for other columns.
func (k *answerKey) noisyValue(s *suspect) float64 {
	if s.Kind != table.Number {
		return 0
	}
	xs, ys := k.beside(k.values(s.Column))
	if 2*len(xs) < len(k.rows) || len(xs) < 4*minRowsForTest {
		return 0
	}
	slope, _, unexplained := line(ys, xs)
	if math.Abs(slope-1) > 0.02 || math.Abs(mean(xs)-mean(ys)) > 0.02*math.Sqrt(variance(ys)) {
		return 0
	}
	order := ascending(ys)
	low, high := math.Inf(1), 0.0
	for q := range 4 {
		var errors []float64
		for _, i := range order[q*len(order)/4 : (q+1)*len(order)/4] {
			errors = append(errors, xs[i]-ys[i])
		}
		width := math.Sqrt(variance(errors))
		low, high = min(low, width), max(high, width)
	}
	if !(low > 0) || high > 1.3*low {
		return 0
	}
	return 1 - unexplained
}

// pairedLevels is, for a column of about as many values as there are classes,
// how often the value that stands for a class is there, the mean over the
// frequent classes: each has a value of its own, most of whose rows it is. 0
// for other columns.
func (k *answerKey) pairedLevels(s *suspect) float64 {
	if !s.exact || s.bins > 2*k.classes+2 {
		return 0
	}
	counts := k.table(s)
	taken := make([]bool, s.bins)
	classes, recall := 0, 0.0
	for class, n := range k.count {
		if n*100 < len(k.rows) {
			continue
		}
		own := 0
		for b := range s.bins {
			if counts[b*k.classes+class] > counts[own*k.classes+class] {
				own = b
			}
		}
		row := counts[own*k.classes : (own+1)*k.classes]
		if taken[own] || maxOf(row) > row[class] {
			return 0
		}
		taken[own] = true
		classes++
		recall += float64(row[class]) / float64(n)
	}
	others := 0 // values that stand for no frequent class
	for b := range s.bins {
		if total := sumOf(counts[b*k.classes : (b+1)*k.classes]); !taken[b] && total*50 > len(k.rows) {
			others++
		}
	}
	if classes < 2 || others > 0 {
		return 0
	}
	return recall / float64(classes)
}

// table counts the rows of each bin and class: [bin × classes + class]. Those
// of texts, which may have many bins, are counted when they are asked for.
func (k *answerKey) table(s *suspect) []int {
	if s.counts != nil {
		return s.counts
	}
	bin, bins, _ := k.bins(s.Column)
	return k.counts(bin, bins)
}

func (k *answerKey) counts(bin []int32, bins int) []int {
	counts := make([]int, bins*k.classes)
	for i, b := range bin {
		counts[int(b)*k.classes+int(k.class[i])]++
	}
	return counts
}

// noisyCode tells that the values spread about whole numbers one after
// another, another one for each class and equally wide: the means are within
// four standard errors or 0.02 of these. Classes of fewer than ten rows do not
// count.
func (k *answerKey) noisyCode(c *table.Column) bool {
	sum, squares, n := make([]float64, k.classes), make([]float64, k.classes), make([]float64, k.classes)
	for i, v := range k.values(c) {
		if v == v {
			sum[k.class[i]] += v
			n[k.class[i]]++
		}
	}
	var codes []float64
	fewest, seen := math.Inf(1), 0
	for class := range k.classes {
		if n[class] >= 10 { // of fewer nothing can be said
			sum[class] /= n[class]
			codes = append(codes, math.Round(sum[class]))
			fewest = min(fewest, n[class])
			seen += int(n[class])
		}
	}
	if len(codes) < 2 || seen*10 < len(k.rows)*9 {
		return false
	}
	for i, v := range k.values(c) {
		if v == v && n[k.class[i]] >= 10 {
			d := v - sum[k.class[i]]
			squares[k.class[i]] += float64(d * d)
		}
	}
	low, high := math.Inf(1), 0.0
	for class := range k.classes {
		if n[class] < 10 {
			continue
		}
		deviation := math.Sqrt(squares[class] / n[class])
		if math.Abs(sum[class]-math.Round(sum[class])) > max(0.02, 4*deviation/math.Sqrt(n[class])) {
			return false
		}
		low, high = min(low, deviation), max(high, deviation)
	}
	slices.Sort(codes)
	for i := range codes[1:] {
		// A class of which nothing can be said may stand between two others.
		if gap := codes[i+1] - codes[i]; gap < 1 || gap > 1 && len(codes) == k.classes {
			return false
		}
	}
	return low > 0 && codes[len(codes)-1]-codes[0] < float64(k.classes) && high <= 1.25*low*(1+3/math.Sqrt(2*fewest))
}

// orders finds numbers of rows that go with the answer.
func (c *checks) orders(key *answerKey, s *suspect) verdict {
	number, ok := asNumber(s.Column, c.e.n())
	if !ok || !isSequence(number) {
		return verdict{}
	}
	bin, n, _ := key.bins(number)
	return orderVerdict(key, key.strength(bin, n))
}

func orderVerdict(key *answerKey, strength float64) verdict {
	noise := 4 / math.Sqrt(12*float64(max(1, key.rarest())))
	if key.classes == 0 {
		noise = 4 * float64(maxBins) / float64(len(key.rows))
	}
	if strength < key.bar(0.5, 0)+max(noise, key.bar(0.06, 0.05)) {
		return verdict{}
	}
	return verdict{code: "leak.id_order", evidence: "it numbers the rows, and " + key.told(strength) + ": the rows were sorted or numbered by the answer"}
}

// keys tells of columns that the scope left out already and that order the
// answer.
func (c *checks) keys(key *answerKey) {
	for i := range c.e.others.Columns {
		col := &c.e.others.Columns[i]
		number, ok := asNumber(col, c.e.n())
		if !ok || !isSequence(number) || c.found(col.Name, handoff.Removed) {
			continue
		}
		bin, n, _ := key.bins(number)
		if v := orderVerdict(key, key.strength(bin, n)); v.code != "" {
			c.find(v.code, handoff.Info, handoff.Removed, col.Name, v.evidence, "nothing: it is no feature")
		}
	}
}

// asNumber is a column of whole numbers, or of texts that end in digits, as
// numbers; ok if nearly every row has its own.
func asNumber(c *table.Column, n int) (*table.Column, bool) {
	out := &table.Column{Name: c.Name}
	switch c.Kind {
	case table.Number:
		for _, v := range c.Number {
			if v != math.Trunc(v) && v == v {
				return nil, false
			}
		}
		out.Number = c.Number
	case table.Text:
		if len(c.Levels)*10 < n*9 {
			return nil, false
		}
		out.Number = make([]float64, n)
		for i, code := range c.Code {
			out.Number[i] = math.NaN()
			if code >= 0 {
				out.Number[i] = lastDigits(c.Levels[code])
			}
		}
	default:
		return nil, false
	}
	return out, true
}

// lastDigits is the number that a text ends in; NaN where it ends otherwise.
func lastDigits(s string) float64 {
	v, scale := math.NaN(), 1.0
	for i := len(s) - 1; i >= 0 && s[i] >= '0' && s[i] <= '9' && scale < 1e15; i-- {
		if v != v {
			v = 0
		}
		v += float64(float64(s[i]-'0') * scale)
		scale *= 10
	}
	return v
}

// isSequence tells that numbers count rows: nearly all differ, and they fill
// at least a third of their range.
func isSequence(c *table.Column) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range c.Number {
		if v == v {
			low, high = min(low, v), max(high, v)
		}
	}
	if !(high-low < 3*float64(len(c.Number))) {
		return false
	}
	values := slices.DeleteFunc(slices.Clone(c.Number), math.IsNaN)
	slices.Sort(values)
	present := len(values)
	values = slices.Compact(values)
	return present*10 >= len(c.Number)*9 && len(values)*10 >= present*9 && len(values) >= minRowsForTest
}
