// Package dataset is the shared public tables that programs measure on: what
// their index says of them, and their rows as text.
package dataset

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Set is a table with a target, and what its description says of it.
type Set struct {
	Name      string   `json:"name"`
	Task      string   `json:"task"` // "binary", "multiclass", "regression", ...
	Target    string   `json:"target"`
	Positive  string   `json:"positive_class"`            // "" but for binary
	Delimiter string   `json:"delimiter"`                 // of the file
	IDs       []string `json:"id_columns"`                // identifiers
	Leaks     []string `json:"leakage_columns"`           // known only with or after the answer
	Debatable []string `json:"debatable_leakage_columns"` // leaks or not, by when the score is taken
	Files     []struct {
		File string `json:"file"`
	} `json:"files"`

	Path string `json:"-"` // of the one file
}

// HasClasses tells that the answer is one of some classes.
func (s Set) HasClasses() bool { return s.Task == "binary" || s.Task == "multiclass" }

// All are the sets of one file with a target, in the order of the index
// datasets.json in dir.
func All(dir string) ([]Set, error) {
	data, err := os.ReadFile(filepath.Join(dir, "datasets.json"))
	if err != nil {
		return nil, err
	}
	var index struct {
		Datasets []Set `json:"datasets"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("datasets.json: %w", err)
	}
	ready := slices.DeleteFunc(index.Datasets, func(s Set) bool { return s.Target == "" || len(s.Files) != 1 || s.Delimiter == "" })
	if len(ready) == 0 {
		return nil, errors.New("datasets.json: no set with a target")
	}
	for i := range ready {
		ready[i].Path = filepath.Join(dir, ready[i].Files[0].File)
	}
	return ready, nil
}

// Everything is the number of rows for Draw that leaves none away.
const Everything = math.MaxInt

// Draw reads the set and gives its header and at most so many of the rows that
// keep wants (nil: every row), drawn by chance, in their order. The same number
// draws the same rows.
func (s Set) Draw(most int, keep func(header, row []string) bool) (header []string, rows [][]string, err error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	r := csv.NewReader(z)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(s.Delimiter[0]), true, -1
	if header, err = r.Read(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	chance := rand.New(rand.NewPCG(1, uint64(most)))
	type placed struct {
		at  int
		row []string
	}
	var kept []placed
	for n := 0; ; { // reservoir: each row is kept with the same chance
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if keep != nil && !keep(header, row) {
			continue
		}
		if n++; len(kept) < most {
			kept = append(kept, placed{n, row})
		} else if at := chance.IntN(n); at < most {
			kept[at] = placed{n, row}
		}
	}
	slices.SortFunc(kept, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	for _, k := range kept {
		rows = append(rows, k.row)
	}
	return header, rows, nil
}

// Write puts a table into a file of CSV.
func Write(path string, delimiter rune, header []string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	w.Comma = delimiter
	err = w.Write(header)
	for _, row := range rows {
		err = errors.Join(err, w.Write(row))
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
}
