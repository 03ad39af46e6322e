package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// set is a shared table with what a person who knows it would say of it.
type set struct {
	Name      string   `json:"name"`
	Task      string   `json:"task"`
	Target    string   `json:"target"`
	Positive  *string  `json:"positive_class"`
	Delimiter string   `json:"delimiter"`
	Leaks     []string `json:"leakage_columns"`
	Debatable []string `json:"debatable_leakage_columns"`
	Files     []struct {
		File     string `json:"file"`
		Encoding string `json:"encoding"`
	} `json:"files"`
}

// sets are the shared tables with a ready target, in the order of the index.
func sets(dir string) ([]set, error) {
	data, err := os.ReadFile(filepath.Join(dir, "datasets.json"))
	if err != nil {
		return nil, err
	}
	var index struct {
		Datasets []set `json:"datasets"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("datasets.json: %w", err)
	}
	ready := slices.DeleteFunc(index.Datasets, func(s set) bool { return s.Target == "" || len(s.Files) != 1 })
	if len(ready) == 0 {
		return nil, errors.New("datasets.json: no set with a target")
	}
	return ready, nil
}

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

// draw reads the set and keeps at most so many rows, drawn by chance, in their
// order.
func (s set) draw(dir string, most int) (*sheet, error) {
	f, err := os.Open(filepath.Join(dir, s.Files[0].File))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(z)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(s.Delimiter[0]), true, -1
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	chance := rand.New(rand.NewPCG(1, uint64(most)))
	type kept struct {
		at   int
		cell []string
	}
	var rows []kept
	for n := 0; ; n++ { // reservoir: each row is kept with the same chance
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if len(rows) < most {
			rows = append(rows, kept{n, row})
		} else if at := chance.IntN(n + 1); at < most {
			rows[at] = kept{n, row}
		}
	}
	slices.SortFunc(rows, func(a, b kept) int { return a.at - b.at })
	t := &sheet{header: header, target: s.Target, classes: s.Task == "binary" || s.Task == "multiclass", comma: s.Delimiter[0], exclude: slices.Concat(s.Leaks, s.Debatable)}
	if s.Positive != nil {
		t.positive = *s.Positive
	}
	for _, row := range rows {
		t.rows = append(t.rows, row.cell)
	}
	return t, nil
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

// since is for lines of progress.
func since(start time.Time) time.Duration { return time.Since(start).Round(time.Second) }
