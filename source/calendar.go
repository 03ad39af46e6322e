package source

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/septet-ml/septet/table"
)

// Calendar names the columns of a table that tell a date together: the year,
// the month by number or name and, where there is one, the day of the month.
type Calendar struct{ Year, Month, Day string }

// Columns are the columns of the calendar, the year first.
func (c Calendar) Columns() []string {
	if c.Day == "" {
		return []string{c.Year, c.Month}
	}
	return []string{c.Year, c.Month, c.Day}
}

// CalendarOf is the calendar of columns in the order of Columns, two or three.
func CalendarOf(columns []string) Calendar {
	c := Calendar{Year: columns[0], Month: columns[1]}
	if len(columns) > 2 {
		c.Day = columns[2]
	}
	return c
}

// The last words of names that say what a column holds of a date.
var (
	yearNames  = []string{"year", "yr", "jahr", "año", "ano", "anno", "annee", "année"}
	monthNames = []string{"month", "mon", "mth", "monat", "mes", "mois", "mese"}
	dayNames   = []string{"dayofmonth", "day", "dom", "tag", "día", "dia", "jour"}
)

// months are the names of the months, in English, German, Spanish and French;
// their first three letters name them, too, in English.
var months = [12][]string{
	{"january", "januar", "enero", "janvier"},
	{"february", "februar", "febrero", "février"},
	{"march", "märz", "marzo", "mars"},
	{"april", "abril", "avril"},
	{"may", "mai", "mayo"},
	{"june", "juni", "junio", "juin"},
	{"july", "juli", "julio", "juillet"},
	{"august", "agosto", "août"},
	{"september", "septiembre", "septembre"},
	{"october", "oktober", "octubre", "octobre"},
	{"november", "noviembre", "novembre"},
	{"december", "dezember", "diciembre", "décembre"},
}

// monthOf is 1 to 12 for the name or the number of a month; 0 for another
// text.
func monthOf(text string) int {
	text = strings.ToLower(strings.TrimSpace(text))
	for i, names := range months {
		if slices.Contains(names, text) || len(text) == 3 && strings.HasPrefix(names[0], text) {
			return i + 1
		}
	}
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n <= 12 {
		return int(n)
	}
	return 0
}

// Calendars are the sets of columns of a table that are named as a year, a
// month and a day are, what stands before these words being the same, and
// that hold such values: arrival_date_year, arrival_date_month,
// arrival_date_day_of_month. A year and a month are enough.
func Calendars(t *table.TableInfo) []Calendar {
	var out []Calendar
	for i := range t.Columns {
		year := &t.Columns[i]
		prefix, ok := namedAs(year.Name, yearNames)
		if !ok || !within(t, year, 1900, 2200) {
			continue
		}
		c := Calendar{Year: year.Name}
		for k := range t.Columns {
			col := &t.Columns[k]
			if p, ok := namedAs(col.Name, dayNames); ok && p == prefix {
				if c.Day == "" && within(t, col, 1, 31) {
					c.Day = col.Name
				}
			} else if p, ok := namedAs(col.Name, monthNames); ok && p == prefix && c.Month == "" && holdsMonths(t, col) {
				c.Month = col.Name
			}
		}
		if c.Month != "" {
			out = append(out, c)
		}
	}
	return out
}

// Fits tells whether the columns of a table hold what the calendar says.
func (c Calendar) Fits(t *table.TableInfo) bool {
	year, month, day := t.Column(c.Year), t.Column(c.Month), t.Column(c.Day)
	return year != nil && month != nil && within(t, year, 1900, 2200) && holdsMonths(t, month) &&
		(c.Day == "" || day != nil && within(t, day, 1, 31))
}

// namedAs tells whether the last word of a name is one of words, and what
// stands before it. A day of the month may be written in three words.
func namedAs(name string, words []string) (prefix string, ok bool) {
	plain := strings.Join(table.Words(name), " ")
	for _, of := range []string{"day of month", "dayof month"} {
		if before, ok := strings.CutSuffix(plain, of); ok {
			return strings.TrimSpace(before), slices.Contains(words, "dayofmonth")
		}
	}
	at := strings.LastIndexByte(plain, ' ')
	return strings.TrimSpace(plain[:at+1]), slices.Contains(words, plain[at+1:])
}

// within tells whether a column holds whole numbers from low to high, in
// nearly every row.
func within(t *table.TableInfo, c *table.ColumnInfo, low, high float64) bool {
	return c.Kind == table.Number && c.Integer && c.Min != nil && *c.Min >= low && *c.Max <= high && 20*c.Missing <= t.Rows
}

func holdsMonths(t *table.TableInfo, c *table.ColumnInfo) bool {
	if c.Kind != table.Text {
		return within(t, c, 1, 12) && c.Distinct > 1
	}
	return !c.ManyDistinct && c.Distinct > 1 && len(c.Levels) == c.Distinct && 20*c.Missing <= t.Rows &&
		!slices.ContainsFunc(c.Levels, func(l table.Level) bool { return monthOf(l.Value) == 0 })
}

// Times are the dates that the calendar's columns of t tell, as midnights in
// microseconds since 1970 UTC: the first of the month where there is no day,
// and table.NoTime where a part is missing or the date is none.
func (c Calendar) Times(t *table.Table) []int64 {
	part := func(name string) func(row int) int {
		col := t.Column(name)
		switch {
		case name == "":
			return func(int) int { return 1 }
		case col == nil || col.Kind == table.Time:
			return func(int) int { return 0 }
		case col.Kind == table.Number:
			return func(row int) int {
				if v := col.Number[row]; v == math.Trunc(v) && math.Abs(v) < 1e4 {
					return int(v)
				}
				return 0
			}
		}
		number := make([]int, len(col.Levels))
		for i, level := range col.Levels {
			number[i] = monthOf(level)
		}
		return func(row int) int {
			if col.Code[row] < 0 {
				return 0
			}
			return number[col.Code[row]]
		}
	}
	year, month, day := part(c.Year), part(c.Month), part(c.Day)
	out := make([]int64, t.Rows)
	for row := range out {
		y, m, d := year(row), month(row), day(row)
		at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		out[row] = at.UnixMicro()
		if y < 1 || m < 1 || d < 1 || at.Day() != d || int(at.Month()) != m {
			out[row] = table.NoTime
		}
	}
	return out
}
