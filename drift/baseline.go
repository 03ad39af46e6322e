// Package drift tells whether the rows that a model scores now are like those
// that it was trained on.
//
// A Baseline is made once, from training rows: for each feature how many rows
// fall into each of its cells (bins of about equal mass, or levels). A Window
// counts later rows in the same cells. Test compares the two, feature by
// feature, as two samples: the baseline's own noise counts, and the chance of
// a false page is bounded over all features and windows together.
package drift

import (
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/table"
)

// Format names the layout of a baseline.
const Format = "septet.baseline/1"

// Baseline is what drift is measured against. It is plain JSON and holds
// counts, not rows.
type Baseline struct {
	Format   string   `json:"format"`
	Model    string   `json:"model"` // digest of the model file
	Rows     int      `json:"rows"`  // training rows
	Features []Sketch `json:"features"`

	// Scores are of rows that the model was not fitted on; none where there
	// were no such rows. Scores of training rows would be too sure of
	// themselves.
	Scores     []Sketch `json:"scores"`
	ScoresRows int      `json:"scores_rows"`
	ScoresFrom string   `json:"scores_from"` // part of the split; "" for none
}

// Kinds of a Sketch.
const (
	Number   = "number"
	Category = "category"
)

// Sketch is the distribution of one feature.
type Sketch struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Missing int    `json:"missing"` // rows without a value, or with a level that was not there at the fit

	// Cuts of a number: cell i has the values above Cuts[i-1] and up to
	// Cuts[i]; the last cell has those above all.
	Cuts []float64 `json:"cuts,omitempty"`

	// Codes of a category: cell i has the level with that code, the last cell
	// all other levels.
	Codes []int `json:"codes,omitempty"`

	Counts []int `json:"counts"` // rows per cell: one more than there are cuts or codes
}

const (
	maxCells  = 64 // of a number
	maxLevels = 50 // of a category that have a cell of their own

	maxCount = 1 << 40 // rows in a cell of a baseline that is read
)

// OfTable sketches the columns of a feature table, from the given rows.
func OfTable(t *table.Table, rows []int32) []Sketch {
	out := make([]Sketch, len(t.Columns))
	values := make([]float64, len(rows))
	for j := range t.Columns {
		c := &t.Columns[j]
		for i, row := range rows {
			values[i] = c.Float(int(row))
		}
		if c.Kind == table.Text {
			out[j] = ofCategory(c.Name, values)
		} else {
			out[j] = OfNumbers(c.Name, values)
		}
	}
	return out
}

// OfNumbers sketches values; NaN is missing.
func OfNumbers(name string, values []float64) Sketch {
	s := Sketch{Name: name, Kind: Number}
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	for k := 1; k < maxCells && len(sorted) > 0; k++ {
		cut := sorted[(len(sorted)-1)*k/maxCells]
		if cut < sorted[len(sorted)-1] && (len(s.Cuts) == 0 || cut > s.Cuts[len(s.Cuts)-1]) {
			s.Cuts = append(s.Cuts, cut)
		}
	}
	s.Counts = make([]int, len(s.Cuts)+1)
	s.count(values)
	return s
}

func ofCategory(name string, values []float64) Sketch {
	rows := map[int]int{}
	for _, v := range values {
		if !math.IsNaN(v) {
			rows[int(v)]++
		}
	}
	codes := make([]int, 0, len(rows))
	for code := range rows {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b int) int {
		if rows[a] != rows[b] {
			return rows[b] - rows[a]
		}
		return a - b
	})
	codes = codes[:min(len(codes), maxLevels)]
	slices.Sort(codes)
	s := Sketch{Name: name, Kind: Category, Codes: codes, Counts: make([]int, len(codes)+1)}
	s.count(values)
	return s
}

// count adds values to the counts.
func (s *Sketch) count(values []float64) {
	for _, v := range values {
		if cell := s.cell(v); cell < 0 {
			s.Missing++
		} else {
			s.Counts[cell]++
		}
	}
}

// cell is the one that v falls into; -1 for a missing value.
func (s *Sketch) cell(v float64) int {
	if math.IsNaN(v) {
		return -1
	}
	if s.Kind == Category {
		if i, found := slices.BinarySearch(s.Codes, int(v)); found {
			return i
		}
		return len(s.Codes)
	}
	i, _ := slices.BinarySearch(s.Cuts, v)
	return i
}

// Check gives an error for a baseline that cannot be measured against.
func (b *Baseline) Check() error {
	if b.Format != Format {
		return fmt.Errorf("baseline: format %q, this program reads %q", b.Format, Format)
	}
	for _, list := range [][]Sketch{b.Features, b.Scores} {
		for i := range list {
			if err := list[i].check(); err != nil {
				return fmt.Errorf("baseline: feature %d: %w", i+1, err)
			}
		}
	}
	return nil
}

func (s *Sketch) check() error {
	cells := len(s.Cuts)
	switch s.Kind {
	case Number:
		for i := range s.Cuts {
			if math.IsNaN(s.Cuts[i]) || i > 0 && !(s.Cuts[i] > s.Cuts[i-1]) {
				return fmt.Errorf("cuts do not rise")
			}
		}
	case Category:
		cells = len(s.Codes)
		for i := 1; i < cells; i++ {
			if s.Codes[i] <= s.Codes[i-1] {
				return fmt.Errorf("codes do not rise")
			}
		}
	default:
		return fmt.Errorf("no kind %q", s.Kind)
	}
	outside := func(n int) bool { return n < 0 || n > maxCount }
	if len(s.Counts) != cells+1 || cells > maxCells+maxLevels || outside(s.Missing) || slices.ContainsFunc(s.Counts, outside) {
		return fmt.Errorf("counts do not fit")
	}
	return nil
}
