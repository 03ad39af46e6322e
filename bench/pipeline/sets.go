package main

import (
	"os"
	"slices"
	"strings"

	"github.com/septet-ml/septet/bench/dataset"
)

// sheet is a table as text, and how it is to be written.
type sheet struct {
	header []string
	rows   [][]string

	target   string
	positive string
	classes  bool // the target is one of some classes
	exclude  []string

	comma     byte
	bom, crlf bool
	quoteAll  bool
}

// draw is at most so many rows of the set.
func draw(s dataset.Set, most int) (*sheet, error) {
	t := &sheet{
		target: s.Target, positive: s.Positive, classes: s.HasClasses(), comma: s.Delimiter[0],
		exclude: slices.Concat(s.Leaks, s.Debatable),
	}
	var err error
	t.header, t.rows, err = s.Draw(most, nil)
	return t, err
}

// write puts the table into a file.
func (t *sheet) write(path string) error {
	var b strings.Builder
	end := "\n"
	if t.bom {
		b.WriteString("\ufeff")
	}
	if t.crlf {
		end = "\r\n"
	}
	for i := -1; i < len(t.rows); i++ {
		row := t.header
		if i >= 0 {
			row = t.rows[i]
		}
		for j, cell := range row {
			if j > 0 {
				b.WriteByte(t.comma)
			}
			if t.quoteAll || strings.ContainsAny(cell, "\"\r\n"+string(t.comma)) {
				cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			}
			b.WriteString(cell)
		}
		b.WriteString(end)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// request is the arguments of the run that a person who knows the set asks for.
func (t *sheet) request(file string) []string {
	args := []string{"run", "predict " + t.target, "--data", file, "--target", t.target, "--effort", "quick", "--yes"}
	if t.positive != "" {
		args = append(args, "--positive", t.positive)
	}
	if len(t.exclude) > 0 {
		args = append(args, "--exclude", strings.Join(t.exclude, ","))
	}
	return args
}
