package main

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/septet-ml/septet/bench/dataset"
)

// sheet is a table as text.
type sheet struct {
	dataset.Set
	header []string
	rows   [][]string
	answer []string // of each row, as it is written
	*rand.Rand
}

// draw is at most so many rows of the set with an answer, and chance by seed.
func draw(s dataset.Set, most int, seed uint64) (*sheet, error) {
	t := &sheet{Set: s, Rand: rand.New(rand.NewPCG(2, seed))}
	target := -1
	var err error
	t.header, t.rows, err = s.Draw(most, func(header, row []string) bool {
		target = slices.Index(header, s.Target)
		return len(row) == len(header) && target >= 0 && !slices.Contains([]string{"", "NA", "?"}, strings.TrimSpace(row[target]))
	})
	for _, row := range t.rows {
		t.answer = append(t.answer, strings.TrimSpace(row[target]))
	}
	return t, err
}

// add puts a column at a place by chance, so that nothing follows from it.
func (t *sheet) add(name string, cell func(row int) string) {
	at := t.IntN(len(t.header) + 1)
	cells := make([]string, len(t.rows))
	for i := range cells {
		cells[i] = cell(i)
	}
	t.header = slices.Insert(t.header, at, name)
	for i := range t.rows {
		t.rows[i] = slices.Insert(slices.Clone(t.rows[i]), at, cells[i])
	}
}

// repeat adds copies of rows drawn by chance, among the others.
func (t *sheet) repeat(share float64) {
	for range int(share * float64(len(t.rows))) {
		from, to := t.IntN(len(t.rows)), t.IntN(len(t.rows)+1)
		t.rows = slices.Insert(t.rows, to, slices.Clone(t.rows[from]))
		t.answer = slices.Insert(t.answer, to, t.answer[from])
	}
}
