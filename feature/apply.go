package feature

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/septet-ml/septet/table"
)

const microsPerDay = 24 * 60 * 60 * 1e6

// ofTime is a feature of one instant in microseconds since 1970.
func ofTime(op Op, micros int64) float64 {
	if micros == table.NoTime {
		return missing
	}
	if op == Days {
		return float64(micros) / microsPerDay
	}
	at := time.UnixMicro(micros).UTC()
	switch op {
	case Year:
		return float64(at.Year())
	case Month:
		return float64(at.Month())
	case Day:
		return float64(at.Day())
	case Weekday:
		return float64(at.Weekday())
	case Hour:
		return float64(at.Hour()) + float64(at.Minute())/60
	}
	panic("feature: " + string(op) + " of a time")
}

func between(from, to int64) float64 {
	if from == table.NoTime || to == table.NoTime {
		return missing
	}
	return (float64(to) - float64(from)) / microsPerDay
}

// ofText is a feature of one text; "" is missing.
func ofText(f *Feature, text string) float64 {
	if text == "" {
		return missing
	}
	switch f.Op {
	case Category:
		if code, found := slices.BinarySearch(f.Levels, text); found {
			return float64(code)
		}
		return missing
	case Length:
		return float64(utf8.RuneCountInString(text))
	case Words:
		return float64(len(words(text)))
	case HasWord:
		if slices.Contains(words(text), f.Levels[0]) {
			return 1
		}
		return 0
	}
	panic("feature: " + string(f.Op) + " of a text")
}

// words are the runs of letters and digits of a text, in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// Row makes the features of one row. cells has one value per input (a text
// that is missing is ""), x one entry per feature and is written as
// table.Column.Float would give it: NaN is missing.
func (t *Transform) Row(cells []table.Value, x []float64) {
	for i := range t.Features {
		f := &t.Features[i]
		cell := &cells[f.Inputs[0]]
		switch {
		case f.Op == Value:
			x[i] = cell.Number
		case f.Op == Between:
			x[i] = between(cell.Time, cells[f.Inputs[1]].Time)
		case operands[f.Op][0] == table.Text:
			x[i] = ofText(f, cell.Text)
		default:
			x[i] = ofTime(f.Op, cell.Time)
		}
	}
}

// Apply makes the features of every row of raw, which has the inputs among
// its columns, found by name. An input that raw lacks or holds as another
// kind is an error.
func (t *Transform) Apply(raw *table.Table) (*table.Table, error) {
	columns := make([]*table.Column, len(t.Inputs))
	for i := range t.Inputs {
		c := raw.Column(t.Inputs[i].Name)
		if c == nil {
			return nil, fmt.Errorf("transform: column %q is missing", t.Inputs[i].Name)
		}
		if c.Kind != t.Inputs[i].Kind {
			return nil, fmt.Errorf("transform: column %q is %s, not %s", c.Name, c.Kind, t.Inputs[i].Kind)
		}
		columns[i] = c
	}
	out := &table.Table{Rows: raw.Rows, Columns: make([]table.Column, len(t.Features))}
	for i := range t.Features {
		f := &t.Features[i]
		c := columns[f.Inputs[0]]
		switch {
		case f.Op == Value:
			out.Columns[i] = table.Column{Name: f.Name, Kind: table.Number, Number: c.Number}
		case f.Op == Between:
			out.Columns[i] = betweenColumn(f, c, columns[f.Inputs[1]])
		case c.Kind == table.Text:
			out.Columns[i] = textColumn(f, c)
		default:
			out.Columns[i] = timeColumn(f, c)
		}
	}
	return out, nil
}

func betweenColumn(f *Feature, from, to *table.Column) table.Column {
	out := table.Column{Name: f.Name, Kind: table.Number, Number: make([]float64, len(from.Time))}
	for row := range from.Time {
		out.Number[row] = between(from.Time[row], to.Time[row])
	}
	return out
}

func timeColumn(f *Feature, c *table.Column) table.Column {
	out := table.Column{Name: f.Name, Kind: table.Number, Number: make([]float64, len(c.Time))}
	for row, micros := range c.Time {
		out.Number[row] = ofTime(f.Op, micros)
	}
	return out
}

// textColumn looks at each level of the raw column once.
func textColumn(f *Feature, c *table.Column) table.Column {
	levels := make([]float64, len(c.Levels))
	for i, level := range c.Levels {
		levels[i] = ofText(f, level)
	}
	out := table.Column{Name: f.Name, Kind: f.Kind()}
	if out.Kind == table.Text {
		out.Levels = f.Levels
		out.Code = make([]int32, len(c.Code))
		for row, code := range c.Code {
			out.Code[row] = table.Missing
			if code >= 0 && !math.IsNaN(levels[code]) {
				out.Code[row] = int32(levels[code])
			}
		}
		return out
	}
	out.Number = make([]float64, len(c.Code))
	for row, code := range c.Code {
		out.Number[row] = missing
		if code >= 0 {
			out.Number[row] = levels[code]
		}
	}
	return out
}
