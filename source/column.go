package source

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/table"
)

// maxLevels is how many levels of a column are told.
const maxLevels = 50

// info says what the column is, after its last cell was seen. A file that
// separates its cells by semicolons is taken to write decimal commas, where
// "1,234" leaves it open.
func (o *observer) info(name string, semicolons bool) table.ColumnInfo {
	c := table.ColumnInfo{
		Name: name, Missing: o.missing, Numbers: o.numbers,
		MaxLength: o.maxLength, LeadingZeros: o.leadingZeros, LongDigits: o.longDigits,
	}
	c.CellRule = o.rule(name, semicolons)
	if c.Kind == table.Number {
		if layout := o.epoch(name, c.CellRule); layout != "" {
			c.CellRule = table.CellRule{Kind: table.Time, Layouts: []string{layout}}
		}
	}
	switch c.Kind {
	case table.Number:
		c.Missing += o.markers + o.infinite
		c.Infinite = o.infinite
		if !o.hasMarks(c.CellRule) {
			o.fillNumber(&c, &o.number)
		}
	case table.Time:
		c.Missing += o.markers
		o.fillTime(&c)
	case table.Text:
		if o.wordedCells > 0 {
			c.MeanWords = int(math.Round(float64(o.words) / float64(o.wordedCells)))
		}
		c.Bool = o.bool()
	}
	o.fillLevels(&c)
	return c
}

// hasMarks tells that the numbers were not seen by their final rule: a second
// pass over the column has to measure them.
func (o *observer) hasMarks(rule table.CellRule) bool {
	return rule.Group != "" || rule.Decimal != "" || rule.Unit != ""
}

// rule decides the kind of the column and how its cells are read. A column is
// one of numbers or times only if all its cells are.
func (o *observer) rule(name string, semicolons bool) table.CellRule {
	cells := o.rows - o.missing - o.markers
	figures := o.numbers + o.infinite
	isNumber := cells > 0 && (figures == cells || o.figures != 0) && !o.leadingZeros && !o.longDigits && o.infinite < cells
	isTime := cells > 0 && !o.timeDead && (o.monthOK || o.dayOK)
	switch {
	case isTime && (len(o.times) > 0 || o.isDateByEvidence(name)):
		return table.CellRule{Kind: table.Time, Layouts: o.chosenLayouts()}
	case isNumber:
		return o.numberRule(semicolons)
	}
	return table.CellRule{Kind: table.Text}
}

// isDateByEvidence tells that eight-digit numbers are dates: every one is a
// day of the calendar, which of numbers at large one in a thousand is, and
// there are many different ones or the name says so.
func (o *observer) isDateByEvidence(name string) bool {
	if !o.compact {
		return false
	}
	if o.many || len(o.values) >= 20 {
		return true
	}
	for _, word := range table.Words(name) {
		switch word {
		case "date", "dt", "day", "dob", "ymd", "yyyymmdd", "datum", "fecha":
			return true
		}
	}
	return false
}

// The first and the last second that a time written as a number may be: the
// years 1990 to 2099.
const firstSecond, lastSecond = 631_152_000, 4_102_444_799

// epoch is the layout of whole numbers that are times, in seconds or
// milliseconds since 1970: the name says that they are times, all lie within a
// century, and there are many different ones; "" for other numbers. What was
// measured of the numbers is then taken over as that of times.
func (o *observer) epoch(name string, rule table.CellRule) string {
	t := o.number
	named := slices.ContainsFunc(table.Words(name), func(w string) bool {
		return slices.Contains([]string{"ts", "timestamp", "time", "stamp", "epoch", "unix", "unixtime", "datetime", "date", "at", "when", "created", "zeit", "zeitstempel", "datum", "fecha", "hora"}, w)
	})
	if !named || t.n < 20 || t.fractional || o.hasMarks(rule) || !o.many && len(o.values) < 20 {
		return ""
	}
	for _, unit := range []struct {
		layout string
		micros float64 // in one
	}{{table.UnixSeconds, 1e6}, {table.UnixMillis, 1e3}} {
		if second := 1e6 / unit.micros; t.min >= firstSecond*second && t.max <= lastSecond*second {
			t.min, t.max = t.min*unit.micros, t.max*unit.micros
			o.month, o.day, o.monthOK, o.dayOK, o.clock = t, t, true, true, true
			return unit.layout
		}
	}
	return ""
}

func (o *observer) numberRule(semicolons bool) table.CellRule {
	if o.figures&1 != 0 {
		return table.CellRule{Kind: table.Number, Unit: o.unit}
	}
	at := 0
	for o.figures&(1<<at) == 0 {
		at++
	}
	if at == commaGroups && semicolons && o.figures&(1<<commaDecimals) != 0 {
		at = commaDecimals
	}
	rule := figures[at]
	rule.Unit = o.unit
	if o.grouped&(1<<at) == 0 {
		rule.Group = ""
	}
	return rule
}

// monthFirst tells how 01/02/2024 is read: as the other cells of the column
// say; where they leave it open with the month first, and with the day first
// where dots stand between.
func (o *observer) monthFirst() bool {
	if o.monthOK && o.dayOK {
		for _, l := range o.times {
			if l.dotted {
				return false
			}
		}
	}
	return o.monthOK
}

func (o *observer) chosenLayouts() []string {
	var chosen []string
	for _, l := range o.times {
		if o.monthFirst() {
			chosen = append(chosen, l.month)
		} else {
			chosen = append(chosen, l.day)
		}
	}
	if o.compact {
		chosen = append(chosen, compactDate)
	}
	return chosen
}

func (o *observer) fillNumber(c *table.ColumnInfo, t *tracker) {
	if t.n == 0 {
		return
	}
	low, high := t.min, t.max
	c.Min, c.Max = &low, &high
	c.Integer = !t.fractional
	c.Order = t.order()
}

func (o *observer) fillTime(c *table.ColumnInfo) {
	t := &o.day
	if o.monthFirst() {
		t = &o.month
	}
	c.Earliest = time.UnixMicro(int64(t.min)).UTC()
	c.Latest = time.UnixMicro(int64(t.max)).UTC()
	c.Order = t.order()
	c.DateOnly = !o.clock
	c.DayMonthGuess = o.monthOK && o.dayOK && o.swappable
}

// bool gives the spellings of false and true, in that order, of a column that
// has nothing else; nil for other columns.
func (o *observer) bool() []string {
	if o.many || len(o.values) == 0 || len(o.values) > 2 {
		return nil
	}
	var spelling [2]string
	for _, v := range o.values {
		switch {
		case strings.EqualFold(v.text, "false") && spelling[0] == "":
			spelling[0] = v.text
		case strings.EqualFold(v.text, "true") && spelling[1] == "":
			spelling[1] = v.text
		default:
			return nil
		}
	}
	return slices.DeleteFunc(spelling[:], func(s string) bool { return s == "" })
}

// levels are the different values of the column under its rule, most frequent
// first; spellings of one number or time are one level, in the spelling that
// came first. Only what is known: see many.
func (o *observer) levels(rule table.CellRule) []table.Level {
	type key struct {
		text string
		bits uint64
	}
	at := map[key]int{}
	var levels []table.Level
	for _, known := range o.values {
		v, state := rule.Read(known.text)
		if state != table.Present {
			continue
		}
		k := key{text: v.Text}
		switch rule.Kind {
		case table.Number:
			k.bits = math.Float64bits(v.Number + 0) // -0 is 0
		case table.Time:
			k.bits = uint64(v.Time)
		}
		i, ok := at[k]
		if !ok {
			i = len(levels)
			at[k] = i
			levels = append(levels, table.Level{Value: known.text})
		}
		levels[i].Count += known.count
	}
	slices.SortStableFunc(levels, func(a, b table.Level) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return levels
}

func (o *observer) fillLevels(c *table.ColumnInfo) {
	levels := o.levels(c.CellRule)
	c.Distinct, c.ManyDistinct = len(levels), o.many
	nearlyUnique := c.ManyDistinct || c.Distinct > 12 && 2*c.Distinct > o.rows-c.Missing
	c.Personal = personal(c, levels, nearlyUnique)
	if nearlyUnique || c.Personal != "" || c.Kind == table.Time || c.Kind == table.Number && c.Distinct > maxLevels {
		return
	}
	c.Levels = levels[:min(maxLevels, len(levels))]
}
