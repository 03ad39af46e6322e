package table

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// State is what a cell turned out to be under a rule.
type State uint8

const (
	Absent   State = iota // no value: blank, or a missing marker
	Present               // a value
	Infinite              // a number too large for a float64, or an infinity: counts as missing
	Invalid               // not of the column's kind
)

// Value is one cell, in the field that the kind of its rule names.
type Value struct {
	Number float64 // NaN unless Present
	Text   string
	Time   int64 // microseconds since 1970 UTC, NoTime unless Present
}

// Read reads one cell. Blanks around it do not count. These cells are missing
// in every column:
//
//	(blank)  NA  N/A  n/a  #N/A  <NA>  NULL  Null  null  NaN  NAN  nan  ?  \N
//
// and in number and time columns also
//
//	None  none  NONE  -  --  .  *
//
// which in a text column may be categories.
func (r *CellRule) Read(cell string) (Value, State) {
	v := Value{Number: math.NaN(), Time: NoTime}
	var state State
	switch r.Kind {
	case Number:
		v.Number, state = r.ReadNumber(cell)
	case Text:
		v.Text, state = r.ReadText(cell)
	case Time:
		v.Time, state = r.ReadTime(cell)
	}
	return v, state
}

// ReadLiteral reads a JSON number by its digits. It is Read, except that a
// JSON number has a decimal point whatever the marks of the column's file.
func (r *CellRule) ReadLiteral(number string) (Value, State) {
	if r.Kind == Number {
		return (&CellRule{Kind: Number}).Read(number)
	}
	return r.Read(number)
}

// ReadNumber reads a cell of a number column; NaN unless it is Present.
func (r *CellRule) ReadNumber(cell string) (float64, State) {
	cell = trim(cell)
	if r.Unit == "" && r.Decimal == "" && r.Group == "" {
		if v, ok := plainNumber(cell); ok {
			return v, Present
		}
	}
	if isMissing(cell) || isMissingFigure(cell) {
		return math.NaN(), Absent
	}
	figure := cell
	if r.Unit != "" {
		figure = cutUnit(figure, r.Unit)
	}
	if r.Group != "" || r.Decimal != "" {
		var ok bool
		if figure, ok = plainFigure(figure, r.Group, r.Decimal); !ok {
			return math.NaN(), Invalid
		}
	}
	if v, ok := plainNumber(figure); ok {
		return v, Present
	}
	if isInfinity(figure) {
		return math.NaN(), Infinite
	}
	return math.NaN(), Invalid
}

// ReadText reads a cell of a text column; it is never Invalid.
func (r *CellRule) ReadText(cell string) (string, State) {
	cell = trim(cell)
	if isMissing(cell) {
		return "", Absent
	}
	for _, spelling := range r.Bool {
		if len(spelling) == len(cell) && strings.EqualFold(spelling, cell) {
			return spelling, Present
		}
	}
	return cell, Present
}

// ReadTime reads a cell of a time column in microseconds since 1970 UTC.
func (r *CellRule) ReadTime(cell string) (int64, State) {
	cell = trim(cell)
	if isMissing(cell) || isMissingFigure(cell) {
		return NoTime, Absent
	}
	for _, layout := range r.Layouts {
		if at, err := ParseTime(layout, cell); err == nil {
			return at.UnixMicro(), Present
		}
	}
	return NoTime, Invalid
}

// trim cuts blanks off both ends.
func trim(s string) string {
	if n := len(s); n == 0 || isInk(s[0]) && isInk(s[n-1]) {
		return s
	}
	return strings.TrimFunc(s, unicode.IsSpace)
}

// isInk tells that a byte is neither a blank nor part of a longer character.
func isInk(b byte) bool { return b > ' ' && b < utf8.RuneSelf }

func isMissing(s string) bool {
	switch s {
	case "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "Null", "null", "NaN", "NAN", "nan", "?", `\N`:
		return true
	}
	return false
}

func isMissingFigure(s string) bool {
	switch s {
	case "None", "none", "NONE", "-", "--", ".", "*":
		return true
	}
	return false
}

// isInfinity tells that s is a word for infinity, or a number out of range.
func isInfinity(s string) bool {
	if !isFigure(s) {
		s = cutSign(s)
		return strings.EqualFold(s, "inf") || strings.EqualFold(s, "infinity")
	}
	_, err := strconv.ParseFloat(s, 64)
	return err != nil
}

var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// plainNumber is strconv.ParseFloat for what isFigure accepts, where the
// result is finite. Up to 15 digits and 22 places the quotient of two exact
// numbers is the nearest one: W. D. Clinger, How to Read Floating Point
// Numbers Accurately, 1990.
func plainNumber(s string) (v float64, ok bool) {
	i, negative := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	var mantissa uint64
	digits, places, point := 0, 0, false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			mantissa = mantissa*10 + uint64(c-'0')
			digits++
			if point {
				places++
			}
		case c == '.' && !point:
			point = true
		default:
			return slowNumber(s)
		}
	}
	if digits == 0 || digits > 15 {
		return slowNumber(s)
	}
	v = float64(mantissa) / powersOfTen[places]
	if negative {
		v = -v
	}
	return v, true
}

func slowNumber(s string) (float64, bool) {
	if !isFigure(s) {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// isFigure tells that s is digits with at most one point, a sign before and a
// decimal exponent after them: no hexadecimals, underscores or words.
func isFigure(s string) bool {
	s = cutSign(s)
	digits, rest := 0, len(s)
	point := false
	for i := range len(s) {
		if s[i] == '.' && !point {
			point = true
		} else if '0' <= s[i] && s[i] <= '9' {
			digits++
		} else {
			rest = i
			break
		}
	}
	if digits == 0 {
		return false
	}
	if rest == len(s) {
		return true
	}
	return (s[rest] == 'e' || s[rest] == 'E') && allDigits(cutSign(s[rest+1:]))
}

func cutSign(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// cutUnit takes the unit off either end: "$5", "-$5", "5 %".
func cutUnit(s, unit string) string {
	if cut, ok := strings.CutSuffix(s, unit); ok {
		return strings.TrimRightFunc(cut, unicode.IsSpace)
	}
	sign := s[:len(s)-len(cutSign(s))]
	if cut, ok := strings.CutPrefix(s[len(sign):], unit); ok {
		return sign + strings.TrimLeftFunc(cut, unicode.IsSpace)
	}
	return s
}

// plainFigure writes a figure with the given marks as one with a decimal point
// and nothing between thousands. Not ok if a mark is out of place: groups are
// of three digits, the first one to three, or there are no groups at all.
func plainFigure(s, group, decimal string) (plain string, ok bool) {
	if decimal == "" {
		decimal = "."
	}
	whole, fraction, hasFraction := strings.Cut(s, decimal)
	if group != "" && strings.Contains(whole, group) {
		parts := strings.Split(cutSign(whole), group)
		for i, part := range parts {
			if !allDigits(part) || len(part) > 3 || i > 0 && len(part) != 3 {
				return "", false
			}
		}
		whole = strings.ReplaceAll(whole, group, "")
	}
	if decimal != "." && strings.Contains(whole, ".") {
		return "", false
	}
	if hasFraction {
		return whole + "." + fraction, true
	}
	return whole, true
}
