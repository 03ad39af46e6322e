// Package feature is the fitted transformation from raw columns to the
// columns that a learner sees. Training, batch prediction, the endpoint and
// drift share the one value, so that a row has the same features everywhere.
//
// A transformation never sees the target. Fit learns only which features
// there are and the levels of categories; Apply and Row are the same function
// for a table and for one row.
package feature

import (
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// Transform is fitted state. It is plain data: its JSON form travels as an
// artifact and inside the model file.
type Transform struct {
	Inputs   []Input   `json:"inputs"`   // raw columns, in the order that Row takes
	Features []Feature `json:"features"` // in the order of the learner's columns
}

// Input is a raw column and the rule that reads its cells.
type Input struct {
	Name string `json:"name"`
	table.CellRule
}

// Op is how a feature is made of its inputs.
type Op string

const (
	Value    Op = "value"    // the number as it is
	Category Op = "category" // index of the text in Levels; missing and unseen are Missing
	Days     Op = "days"     // days since 1970 of a time, with fraction
	Year     Op = "year"
	Month    Op = "month"    // 1 to 12
	Day      Op = "day"      // of the month, 1 to 31
	Weekday  Op = "weekday"  // 0 is Sunday
	Hour     Op = "hour"     // 0 to 23, with fraction
	Between  Op = "between"  // days from the first input to the second
	Length   Op = "length"   // characters of a text
	Words    Op = "words"    // words of a text
	HasWord  Op = "has_word" // 1 if the text has the word Levels[0], else 0
)

// Feature is one column that a learner sees.
type Feature struct {
	Name    string   `json:"name"`
	Formula string   `json:"formula"` // in words
	Op      Op       `json:"op"`
	Inputs  []int    `json:"inputs"`           // indexes in Transform.Inputs
	Levels  []string `json:"levels,omitempty"` // of a category, in ascending order of the text
}

// Kind of the feature's column: Text for a category, else Number.
func (f *Feature) Kind() table.Kind {
	if f.Op == Category {
		return table.Text
	}
	return table.Number
}

// Sources are the names of the raw columns that a feature is made of.
func (t *Transform) Sources(f *Feature) []string {
	names := make([]string, len(f.Inputs))
	for i, in := range f.Inputs {
		names[i] = t.Inputs[in].Name
	}
	return names
}

// InWords is the formula of feature i. formulas are those of raw columns that
// are made themselves, by name; there may be none.
func (t *Transform) InWords(i int, formulas map[string]string) string {
	f := &t.Features[i]
	name := t.Inputs[f.Inputs[0]].Name
	switch formula := formulas[name]; {
	case formula == "":
		return f.Formula
	case f.Op == Value, f.Op == Category:
		return formula
	default:
		return f.Formula + ", where " + name + " is " + formula
	}
}

// Keep is the transformation with only the given features, in their order,
// and only the inputs that they need.
func (t *Transform) Keep(features []int) *Transform {
	out := &Transform{}
	at := make(map[int]int)
	used := make([]bool, len(t.Inputs))
	for _, i := range features {
		for _, in := range t.Features[i].Inputs {
			used[in] = true
		}
	}
	for in, is := range used {
		if is {
			at[in] = len(out.Inputs)
			out.Inputs = append(out.Inputs, t.Inputs[in])
		}
	}
	for _, i := range features {
		f := t.Features[i]
		inputs := make([]int, len(f.Inputs))
		for k, in := range f.Inputs {
			inputs[k] = at[in]
		}
		f.Inputs = inputs
		out.Features = append(out.Features, f)
	}
	return out
}

// Check gives an error for a transformation that cannot be used: an index out
// of range, an operation on a column of the wrong kind, levels that repeat.
// A decoder of foreign bytes calls it before anything else.
func (t *Transform) Check() error {
	names := make(map[string]bool)
	for i := range t.Inputs {
		if names[t.Inputs[i].Name] {
			return fmt.Errorf("transformation: input %d repeats a name", i)
		}
		names[t.Inputs[i].Name] = true
	}
	for i := range t.Features {
		if err := t.checkFeature(&t.Features[i]); err != nil {
			return fmt.Errorf("transformation: feature %d: %w", i, err)
		}
	}
	return nil
}

func (t *Transform) checkFeature(f *Feature) error {
	kinds, known := operands[f.Op]
	if !known {
		return fmt.Errorf("operation %q: %w", f.Op, learn.ErrUnknown)
	}
	if len(f.Inputs) != len(kinds) {
		return fmt.Errorf("%s takes %d inputs, not %d", f.Op, len(kinds), len(f.Inputs))
	}
	for k, in := range f.Inputs {
		if in < 0 || in >= len(t.Inputs) {
			return fmt.Errorf("input %d of %d", in, len(t.Inputs))
		}
		if t.Inputs[in].Kind != kinds[k] {
			return fmt.Errorf("%s of a %s column", f.Op, t.Inputs[in].Kind)
		}
	}
	if f.Op == HasWord && len(f.Levels) != 1 {
		return fmt.Errorf("has_word needs one word")
	}
	if f.Op != Category {
		return nil
	}
	for i := 1; i < len(f.Levels); i++ {
		if !(f.Levels[i-1] < f.Levels[i]) {
			return fmt.Errorf("level %d is not above the one before", i)
		}
	}
	return nil
}

// operands are the kinds of column that an operation takes.
var operands = map[Op][]table.Kind{
	Value:    {table.Number},
	Category: {table.Text},
	Days:     {table.Time},
	Year:     {table.Time},
	Month:    {table.Time},
	Day:      {table.Time},
	Weekday:  {table.Time},
	Hour:     {table.Time},
	Between:  {table.Time, table.Time},
	Length:   {table.Text},
	Words:    {table.Text},
	HasWord:  {table.Text},
}

// missing is what a feature is where an input has no value.
var missing = math.NaN()
