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
)

// set is a shared table with what its description says of it.
type set struct {
	Name      string   `json:"name"`
	Task      string   `json:"task"`
	Target    string   `json:"target"`
	Positive  *string  `json:"positive_class"`
	Delimiter string   `json:"delimiter"`
	Keys      []string `json:"id_columns"`
	Leaks     []string `json:"leakage_columns"`
	Debatable []string `json:"debatable_leakage_columns"`
	Files     []struct {
		File string `json:"file"`
	} `json:"files"`
}

func (s set) classes() bool { return s.Task == "binary" || s.Task == "multiclass" }

// sets are the shared tables of one file with a target, in the order of the
// index.
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

// sheet is a table as text.
type sheet struct {
	set
	header []string
	rows   [][]string
	answer []string // of each row, as it is written
	*rand.Rand
}

// draw reads the set and keeps at most so many rows with an answer, drawn by
// chance, in their order.
func (s set) draw(dir string, most int, seed uint64) (*sheet, error) {
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
	t := &sheet{set: s, Rand: rand.New(rand.NewPCG(2, seed))}
	if t.header, err = r.Read(); err != nil {
		return nil, err
	}
	t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff")
	target := slices.Index(t.header, s.Target)
	chance := rand.New(rand.NewPCG(1, uint64(most)))
	var place []int
	for n := 0; ; { // reservoir: each row is kept with the same chance
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if len(row) != len(t.header) || target < 0 || slices.Contains([]string{"", "NA", "?"}, strings.TrimSpace(row[target])) {
			continue
		}
		if n++; len(t.rows) < most {
			t.rows, place = append(t.rows, row), append(place, n)
		} else if at := chance.IntN(n); at < most {
			t.rows[at], place[at] = row, n
		}
	}
	order := make([]int, len(t.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return place[a] - place[b] })
	rows := make([][]string, len(order))
	for i, at := range order {
		rows[i] = t.rows[at]
	}
	t.rows = rows
	for _, row := range t.rows {
		t.answer = append(t.answer, strings.TrimSpace(row[target]))
	}
	return t, nil
}

// write puts the table into a file.
func (t *sheet) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	w.Comma = rune(t.Delimiter[0])
	err = w.Write(t.header)
	for _, row := range t.rows {
		err = errors.Join(err, w.Write(row))
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
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
