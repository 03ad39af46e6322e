package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/metric"
)

// set is a table, what is asked of a model of it, and where it lies.
type set struct {
	Name   string
	Metric metric.Name
	Bar    float64 // to be reached
	Goal   float64 // where the best of the others would be behind
	Anchor string  // what others have published
	Wall   float64 // seconds of a run at most
	Waive  []string

	Task      string // binary, multiclass, regression
	Target    string
	Positive  string // binary
	Delimiter string
	File      string   // path
	IDs       []string // identifiers; reference models do without them
}

// wanted are the sets and their bars.
var wanted = []set{
	{Name: "mlc_churn", Metric: metric.AUC, Bar: 0.925, Goal: 0.931, Wall: 30, Anchor: "AutoGluon 0.9325"},
	{Name: "ibm_telco_churn", Metric: metric.AUC, Bar: 0.848, Goal: 0.851, Wall: 30, Anchor: "logistic 0.848"},
	{Name: "adult", Metric: metric.AUC, Bar: 0.929, Goal: 0.9315, Wall: 120, Anchor: "AutoGluon 0.9327, CatBoost 0.9303"},
	{Name: "bank_marketing", Metric: metric.AUC, Bar: 0.937, Goal: 0.9415, Wall: 120, Anchor: "AutoGluon 0.9422", Waive: []string{"leak.late_meaning:duration"}},
	{Name: "credit_g", Metric: metric.AUC, Bar: 0.790, Goal: 0.800, Wall: 10, Anchor: "AutoGluon 0.7988–0.8027"},
	{Name: "ibm_hr_attrition", Metric: metric.AUC, Bar: 0.835, Goal: 0.842, Wall: 10, Anchor: "logistic 0.842"},
	{Name: "online_shoppers_intention", Metric: metric.AUC, Bar: 0.932, Goal: 0.936, Wall: 30},
	{Name: "wine_quality_white", Metric: metric.LogLoss, Bar: 0.76, Goal: 0.70, Wall: 30, Anchor: "AutoGluon 0.7008"},
	{Name: "car", Metric: metric.LogLoss, Bar: 0.03, Goal: 0.006, Wall: 10, Anchor: "AutoGluon 0.0003–0.006"},
	{Name: "cmc", Metric: metric.LogLoss, Bar: 0.90, Goal: 0.885, Wall: 10, Anchor: "AutoGluon 0.8986"},
	{Name: "vehicle", Metric: metric.LogLoss, Bar: 0.33, Goal: 0.283, Wall: 10, Anchor: "AutoGluon 0.2824"},
	{Name: "diamonds", Metric: metric.RMSE, Bar: 520, Goal: 505, Wall: 120, Anchor: "AutoGluon 502–510"},
	{Name: "abalone", Metric: metric.RMSE, Bar: 2.09, Goal: 2.05, Wall: 30, Anchor: "AutoGluon 2.05"},
}

// load completes the wanted sets by the index of the shared ones.
func load(dir string) ([]set, error) {
	data, err := os.ReadFile(filepath.Join(dir, "datasets.json"))
	if err != nil {
		return nil, err
	}
	var index struct {
		Datasets []struct {
			Name      string   `json:"name"`
			Task      string   `json:"task"`
			Target    string   `json:"target"`
			Positive  string   `json:"positive_class"`
			Delimiter string   `json:"delimiter"`
			IDs       []string `json:"id_columns"`
			Files     []struct {
				File string `json:"file"`
			} `json:"files"`
		} `json:"datasets"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("datasets.json: %w", err)
	}
	all := slices.Clone(wanted)
	for i := range all {
		s := &all[i]
		for _, d := range index.Datasets {
			if d.Name == s.Name {
				s.Task, s.Target, s.Positive, s.Delimiter, s.IDs = d.Task, d.Target, d.Positive, d.Delimiter, d.IDs
				s.File = filepath.Join(dir, d.Files[0].File)
			}
		}
		if s.File == "" {
			return nil, fmt.Errorf("datasets.json: no set is called %q", s.Name)
		}
	}
	return all, nil
}

// sheet is a set's rows as text, and the answer in each.
type sheet struct {
	header []string
	rows   [][]string
	answer []string
}

// read reads all rows of the set.
func (s set) read() (*sheet, error) {
	f, err := os.Open(s.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(z)
	r.Comma, r.LazyQuotes = rune(s.Delimiter[0]), true
	all, err := r.ReadAll()
	if err != nil || len(all) < 2 {
		return nil, errors.Join(fmt.Errorf("%s: not a table", s.Name), err)
	}
	t := &sheet{header: all[0], rows: all[1:]}
	t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff")
	at := slices.Index(t.header, s.Target)
	if at < 0 {
		return nil, fmt.Errorf("%s: no column %q", s.Name, s.Target)
	}
	for _, row := range t.rows {
		t.answer = append(t.answer, row[at])
	}
	return t, nil
}

// write puts the rows into a file.
func (t *sheet) write(path string, rows []int32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.Write(t.header)
	for _, r := range rows {
		err = errors.Join(err, w.Write(t.rows[r]))
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
}

// classes are the classes in the order of their names, the positive one last;
// nil for values.
func (s set) classes(t *sheet) []string {
	if s.Task == "regression" {
		return nil
	}
	names := slices.Clone(t.answer)
	slices.Sort(names)
	names = slices.Compact(names)
	if at := slices.Index(names, s.Positive); s.Task == "binary" && at >= 0 {
		names = append(slices.Delete(names, at, at+1), s.Positive)
	}
	return names
}

// targets are the index of each row's class, or its value.
func (s set) targets(t *sheet) ([]float64, error) {
	classes := s.classes(t)
	out := make([]float64, len(t.answer))
	for i, text := range t.answer {
		if classes != nil {
			out[i] = float64(slices.Index(classes, text))
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", s.Name, i+1, err)
		}
		out[i] = v
	}
	return out, nil
}

// foldCount is the number of folds of the protocol.
const foldCount = 10

// deal divides the rows into folds, by the repeat alone.
func (s set) deal(target []float64, classes, repeat int) ([]fold.Fold, error) {
	if classes > 0 {
		return fold.KFold(fold.Data{Classes: classes, Target: target}, foldCount, uint64(repeat))
	}
	order := rand.New(rand.NewPCG(uint64(repeat), 0)).Perm(len(target))
	folds := make([]fold.Fold, foldCount)
	for i, k := range order {
		for f := range folds {
			if k%foldCount == f {
				folds[f].Valid = append(folds[f].Valid, int32(i))
			} else {
				folds[f].Train = append(folds[f].Train, int32(i))
			}
		}
	}
	return folds, nil
}
