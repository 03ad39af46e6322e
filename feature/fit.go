package feature

import (
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/table"
)

// Dropped is a raw column or a candidate that no feature is made of, and why.
type Dropped struct {
	Name   string
	Reason string
}

// Options are what Fit needs to know beside the columns.
type Options struct {
	// Order is the column that orders the rows in time, "" for none. It gives
	// only cyclic features and distances to other times: its absolute value
	// would be new in every future row.
	Order string
}

const (
	maxLevels     = 100_000 // of one category; rarer ones count as unseen
	nearlyUnique  = 0.95    // distinct values per value: an identifier
	minIdentifier = 50      // values, before a column can be called an identifier
	freeText      = 4       // mean words per value: free text, not a category
	maxWords      = 30      // has_word features of one column
)

// Fit decides what features the raw columns give, looking at the given rows
// only. rules are the rules that read the cells, one per column of raw and in
// their order.
func Fit(raw *table.Table, rules []table.CellRule, rows []int32, opt Options) (*Transform, []Dropped, error) {
	if len(rules) != len(raw.Columns) {
		return nil, nil, fmt.Errorf("fit transformation: %d rules for %d columns", len(rules), len(raw.Columns))
	}
	fit := fitter{rows: rows, opt: opt}
	for i := range raw.Columns {
		c := &raw.Columns[i]
		fit.out.Inputs = append(fit.out.Inputs, Input{Name: c.Name, CellRule: rules[i]})
		switch c.Kind {
		case table.Number:
			fit.number(i, c)
		case table.Text:
			fit.text(i, c)
		case table.Time:
			fit.time(i, c)
		}
	}
	fit.distances(raw)
	keep, dropped, err := fit.screen(raw)
	if err != nil {
		return nil, nil, err
	}
	return fit.out.Keep(keep), append(fit.dropped, dropped...), nil
}

type fitter struct {
	out     Transform
	rows    []int32
	opt     Options
	dropped []Dropped
}

func (f *fitter) add(op Op, name, formula string, inputs ...int) {
	f.out.Features = append(f.out.Features, Feature{Name: name, Formula: formula, Op: op, Inputs: inputs})
}

func (f *fitter) drop(name, reason string) {
	f.dropped = append(f.dropped, Dropped{Name: name, Reason: reason})
}

func (f *fitter) number(i int, c *table.Column) {
	f.add(Value, c.Name, c.Name+" as it is", i)
}

func (f *fitter) text(i int, c *table.Column) {
	counts := make([]int, len(c.Levels))
	present, distinct := 0, 0
	for _, row := range f.rows {
		code := c.Code[row]
		if code < 0 {
			continue
		}
		if counts[code] == 0 {
			distinct++
		}
		counts[code]++
		present++
	}
	switch {
	case isFreeText(c, counts, present, distinct):
		f.freeText(i, c, counts, present)
	case present >= minIdentifier && float64(distinct) > nearlyUnique*float64(present):
		f.drop(c.Name, fmt.Sprintf("identifier: %d different texts in %d rows", distinct, present))
	default:
		f.add(Category, c.Name, c.Name+" as a category", i)
		f.out.Features[len(f.out.Features)-1].Levels = frequentLevels(c, counts)
	}
}

// isFreeText tells sentences from categories: several words each, and many
// different ones.
func isFreeText(c *table.Column, counts []int, present, distinct int) bool {
	if present == 0 || distinct < minIdentifier || 2*distinct < present {
		return false
	}
	total := 0
	for code, n := range counts {
		if n > 0 {
			total += n * len(words(c.Levels[code]))
		}
	}
	return total >= freeText*present
}

func (f *fitter) freeText(i int, c *table.Column, counts []int, present int) {
	f.add(Length, c.Name+".length", "number of characters of "+c.Name, i)
	f.add(Words, c.Name+".words", "number of words of "+c.Name, i)
	for _, word := range commonWords(c, counts, present) {
		f.add(HasWord, c.Name+".has."+word, fmt.Sprintf("1 if %s has the word %q, else 0", c.Name, word), i)
		f.out.Features[len(f.out.Features)-1].Levels = []string{word}
	}
}

// commonWords are the words that stand in 1 % to 90 % of the values, the most
// frequent first, ties in the order of the text.
func commonWords(c *table.Column, counts []int, present int) []string {
	rows := make(map[string]int)
	for code, n := range counts {
		if n == 0 {
			continue
		}
		list := words(c.Levels[code])
		slices.Sort(list)
		for _, word := range slices.Compact(list) {
			rows[word] += n
		}
	}
	var common []string
	for word, n := range rows {
		if share := float64(n) / float64(present); share >= 0.01 && share <= 0.9 && n >= 20 {
			common = append(common, word)
		}
	}
	slices.SortFunc(common, func(a, b string) int {
		if rows[a] != rows[b] {
			return rows[b] - rows[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	return common[:min(len(common), maxWords)]
}

// frequentLevels are the levels that the rows have, ascending; where there
// are more than maxLevels, the most frequent ones.
func frequentLevels(c *table.Column, counts []int) []string {
	var codes []int
	for code, n := range counts {
		if n > 0 {
			codes = append(codes, code)
		}
	}
	if len(codes) > maxLevels {
		slices.SortStableFunc(codes, func(a, b int) int { return counts[b] - counts[a] })
		codes = codes[:maxLevels]
	}
	levels := make([]string, len(codes))
	for i, code := range codes {
		levels[i] = c.Levels[code]
	}
	slices.Sort(levels)
	return levels
}

func (f *fitter) time(i int, c *table.Column) {
	if c.Name != f.opt.Order {
		f.add(Days, c.Name+".days", "days from 1970 to "+c.Name, i)
	}
	f.add(Month, c.Name+".month", "month of "+c.Name, i)
	f.add(Day, c.Name+".day", "day of the month of "+c.Name, i)
	f.add(Weekday, c.Name+".weekday", "day of the week of "+c.Name+", Sunday is 0", i)
	f.add(Hour, c.Name+".hour", "hour of the day of "+c.Name, i)
}

// distances are the days from every other time to the one that orders the
// rows or, where none does, between neighbouring time columns.
func (f *fitter) distances(raw *table.Table) {
	order, previous := -1, -1
	for i := range raw.Columns {
		if raw.Columns[i].Name == f.opt.Order && raw.Columns[i].Kind == table.Time {
			order = i
		}
	}
	for i := range raw.Columns {
		if raw.Columns[i].Kind != table.Time || i == order {
			continue
		}
		other := order
		if order < 0 {
			other, previous = previous, i
		}
		if other >= 0 {
			a, b := raw.Columns[i].Name, raw.Columns[other].Name
			f.add(Between, a+".to."+b, fmt.Sprintf("days from %s to %s", a, b), i, other)
		}
	}
}

// screen leaves out what says nothing on the rows: features without a value,
// with one value only, or equal to an earlier feature.
func (f *fitter) screen(raw *table.Table) (keep []int, dropped []Dropped, err error) {
	out, err := f.out.Apply(raw)
	if err != nil {
		return nil, nil, err
	}
	seen := make(map[uint64][]int)
	for i := range out.Columns {
		c := &out.Columns[i]
		sum, varies, present := f.fingerprint(c)
		switch {
		case present == 0:
			dropped = append(dropped, Dropped{c.Name, "no value in any training row"})
			continue
		case !varies:
			dropped = append(dropped, Dropped{c.Name, "the same value in every training row"})
			continue
		}
		if twin := f.twin(out, seen[sum], c); twin >= 0 {
			dropped = append(dropped, Dropped{c.Name, "equal to " + out.Columns[twin].Name + " in every training row"})
			continue
		}
		seen[sum] = append(seen[sum], i)
		keep = append(keep, i)
	}
	return keep, dropped, nil
}

// fingerprint is a hash (FNV-1a) of the feature's values on the rows. varies
// is true if there are two different ones, a missing value being one.
func (f *fitter) fingerprint(c *table.Column) (sum uint64, varies bool, present int) {
	sum = 14695981039346656037
	var first uint64
	for k, row := range f.rows {
		value := c.Float(int(row))
		bits := math.Float64bits(value)
		if value != value {
			bits = 1
		} else {
			present++
		}
		if k == 0 {
			first = bits
		}
		varies = varies || bits != first
		sum = (sum ^ bits) * 1099511628211
	}
	return sum, varies, present
}

// twin is the first of the candidates that equals c on the rows; -1 if none.
func (f *fitter) twin(out *table.Table, candidates []int, c *table.Column) int {
	for _, i := range candidates {
		other := &out.Columns[i]
		if other.Kind == c.Kind && !slices.ContainsFunc(f.rows, func(row int32) bool {
			a, b := c.Float(int(row)), other.Float(int(row))
			return a != b && !(a != a && b != b)
		}) {
			return i
		}
	}
	return -1
}
