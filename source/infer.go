package source

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/septet-ml/septet/table"
)

// maxDistinct is up to how many different values of a column are counted and
// kept, and maxDistinctBytes how much text they may be.
const (
	maxDistinct      = 10_000
	maxDistinctBytes = 4 << 20
)

// figures are the ways to write numbers that are tried, the plain one first.
var figures = [...]table.CellRule{
	{},
	{Group: ","},
	{Group: ".", Decimal: ","},
	{Group: "'"},
	{Group: " "},
	{Group: " ", Decimal: ","},
	{Group: "\u00a0"},
	{Group: "\u00a0", Decimal: ","},
	{Group: "\u202f"},
	{Group: "\u202f", Decimal: ","},
}

// The places in figures of the two that read "1,234" differently.
const (
	commaGroups   = 1
	commaDecimals = 2
)

// pointFigures are those figures, as bits, that have a decimal point.
const pointFigures = 1<<0 | 1<<1 | 1<<3 | 1<<4 | 1<<6 | 1<<8

// units may stand before or after a figure.
var units = [...]string{"%", "$", "€", "£", "¥", "USD", "EUR", "GBP"}

// observer sees every cell of one column, in the order of the rows, and keeps
// only what it needs to say of what kind the column is. Its size does not grow
// with the number of rows.
type observer struct {
	plain, text table.CellRule
	layouts     []layout // all there are

	rows, missing, markers, infinite, recoded int
	numbers                                   int // plain ones

	// Known values, until there are too many.
	known      map[string]int32
	values     []seen
	knownBytes int
	many       bool

	figures      uint // bit i: every cell so far reads under figures[i]
	grouped      uint // bit i: a cell had the group mark of figures[i]
	unit         string
	leadingZeros bool
	longDigits   bool
	number       tracker

	timeDead    bool
	times       []layout // those that cells had, in the order of first appearance
	compact     bool     // a cell was a compact date
	monthOK     bool     // every cell so far reads with the month first
	dayOK       bool
	swappable   bool // some cell reads both ways, to different times
	clock       bool // a cell has a time of day
	month, day  tracker
	maxLength   int
	words       int
	wordedCells int
}

// seen is a value that was seen before, and what was found out about it.
type seen struct {
	text  string
	count int
}

// tracker follows the values of a column, rows in order.
type tracker struct {
	n          int
	min, max   float64
	last       float64
	up, down   bool
	fractional bool
}

func (t *tracker) see(v float64) {
	if t.n == 0 {
		t.min, t.max, t.up, t.down = v, v, true, true
	} else {
		t.min, t.max = min(t.min, v), max(t.max, v)
		t.up = t.up && v >= t.last
		t.down = t.down && v <= t.last
	}
	t.fractional = t.fractional || v != math.Trunc(v)
	t.last = v
	t.n++
}

func (t *tracker) order() string {
	switch {
	case t.n == 0 || t.min == t.max:
		return ""
	case t.up:
		return "ascending"
	case t.down:
		return "descending"
	}
	return ""
}

func newObserver(layouts []layout) *observer {
	return &observer{
		text: table.CellRule{Kind: table.Text}, layouts: layouts, known: map[string]int32{},
		figures: 1<<len(figures) - 1, monthOK: true, dayOK: true,
	}
}

func (o *observer) see(cell string) {
	o.rows++
	text, state := o.text.ReadText(cell)
	if state == table.Absent {
		o.missing++
		return
	}
	if len(text) > o.maxLength {
		o.maxLength = max(o.maxLength, utf8.RuneCountInString(text))
	}
	o.count(text)
	value, state := o.plain.ReadNumber(text)
	switch state {
	case table.Present:
		o.numbers++
		o.number.see(value)
		o.seeDigits(text)
	case table.Absent:
		o.markers++
	case table.Infinite:
		o.infinite++
		o.figures &= 1
		o.timeDead = true
	case table.Invalid:
		o.words += strings.Count(text, " ") + 1
		o.wordedCells++
		o.seeMarks(text)
		o.seeTime(text)
	}
}

// count keeps the value in the table of known ones.
func (o *observer) count(text string) {
	if o.many {
		return
	}
	if at, ok := o.known[text]; ok {
		o.values[at].count++
		return
	}
	if len(o.values) == maxDistinct || o.knownBytes+len(text) > maxDistinctBytes {
		o.many = true
		return
	}
	text = strings.Clone(text)
	o.known[text] = int32(len(o.values))
	o.knownBytes += len(text)
	o.values = append(o.values, seen{text, 1})
}

// seeDigits looks at a plain number: what else could its digits be?
func (o *observer) seeDigits(text string) {
	figure := text
	if text[0] == '+' || text[0] == '-' {
		figure = text[1:]
	}
	digits := isDigits(figure)
	if digits {
		o.leadingZeros = o.leadingZeros || len(figure) > 1 && figure[0] == '0'
		o.longDigits = o.longDigits || len(figure) > 15
	} else if o.figures&(1<<commaDecimals) != 0 {
		o.figures &= pointFigures | o.readable(text)
	} else {
		o.figures &= pointFigures
	}
	if o.timeDead {
		return
	}
	if len(text) == len(compactDate) && digits && isCompactDate(text) {
		at, err := time.Parse(compactDate, text)
		if err == nil {
			o.compact = true
			o.month.see(float64(at.UnixMicro()))
			o.day.see(float64(at.UnixMicro()))
			return
		}
	}
	o.timeDead = true
}

// isCompactDate tells that eight digits are a day from 1900 to 2099.
func isCompactDate(text string) bool {
	return (text[:2] == "19" || text[:2] == "20") && text[4:6] >= "01" && text[4:6] <= "12" && text[6:] >= "01" && text[6:] <= "31"
}

// seeMarks looks at a cell that is no plain number: does it read as a figure
// with marks or a unit?
func (o *observer) seeMarks(text string) {
	if o.figures == 0 {
		return
	}
	if unit := unitOf(text); unit != "" {
		if o.unit != "" && o.unit != unit {
			o.figures = 0
			return
		}
		o.unit = unit
	}
	o.figures &= o.readable(text)
}

// readable is the set of figures that text reads under, with the unit.
func (o *observer) readable(text string) (set uint) {
	for i, rule := range figures {
		if o.figures&(1<<i) == 0 {
			continue
		}
		rule.Unit = o.unit
		if _, state := rule.ReadNumber(text); state == table.Present {
			set |= 1 << i
			if rule.Group != "" && strings.Contains(text, rule.Group) {
				o.grouped |= 1 << i
			}
		}
	}
	return set
}

func unitOf(text string) string {
	for _, unit := range units {
		if strings.HasSuffix(text, unit) || strings.HasPrefix(strings.TrimLeft(text, "+-"), unit) {
			return unit
		}
	}
	return ""
}

// seeTime looks at a cell that is no plain number: does it read as a time?
func (o *observer) seeTime(text string) {
	if o.timeDead {
		return
	}
	if len(text) < 6 || len(text) > 40 || !strings.ContainsAny(text, "0123456789") {
		o.timeDead = true
		return
	}
	for _, l := range o.times {
		if o.seeLayout(l, text) {
			return
		}
	}
	for _, l := range o.layouts {
		if o.seeLayout(l, text) {
			o.times = append(o.times, l)
			o.timeDead = len(o.times) > 6
			return
		}
	}
	o.timeDead = true
}

// seeLayout reads a cell by a layout, both ways where day and month could be
// swapped; false if it fits neither.
func (o *observer) seeLayout(l layout, text string) bool {
	month, err := time.Parse(l.month, text)
	monthOK := err == nil
	day, dayOK := month, monthOK
	if l.day != l.month && (o.dayOK || !monthOK) {
		day, err = time.Parse(l.day, text)
		dayOK = err == nil
	}
	monthOK, dayOK = monthOK && isPlausible(month), dayOK && isPlausible(day)
	if !monthOK && !dayOK {
		return false
	}
	o.monthOK, o.dayOK = o.monthOK && monthOK, o.dayOK && dayOK
	if !o.monthOK && !o.dayOK {
		o.timeDead = true
		return true
	}
	if o.monthOK {
		o.month.see(float64(month.UnixMicro()))
	}
	if o.dayOK {
		o.day.see(float64(day.UnixMicro()))
	}
	o.swappable = o.swappable || monthOK && dayOK && !month.Equal(day)
	if at := day; !o.clock {
		if monthOK {
			at = month
		}
		o.clock = at.Hour() != 0 || at.Minute() != 0 || at.Second() != 0 || at.Nanosecond() != 0
	}
	return true
}

// isPlausible tells that a year is one of the last centuries or of the next,
// or one that stands for "never".
func isPlausible(at time.Time) bool {
	year := at.Year()
	return 1700 <= year && year <= 2200 || year == 1 || year == 9999
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
