package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/septet-ml/septet/bench/dataset"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/metric"
)

// set is a table, what is asked of a model of it, and where it lies.
type set struct {
	dataset.Set // reference models do without its IDs

	Metric metric.Name
	Bar    float64 // to be reached
	Goal   float64 // where the best of the others would be behind
	Anchor string  // what others have published
	Wall   float64 // seconds of a run at most
	Waive  []string
}

// wanted are the sets and their bars.
var wanted = []set{
	{Set: dataset.Set{Name: "mlc_churn"}, Metric: metric.AUC, Bar: 0.925, Goal: 0.931, Wall: 30, Anchor: "AutoGluon 0.9325"},
	{Set: dataset.Set{Name: "ibm_telco_churn"}, Metric: metric.AUC, Bar: 0.848, Goal: 0.851, Wall: 30, Anchor: "logistic 0.848"},
	{Set: dataset.Set{Name: "adult"}, Metric: metric.AUC, Bar: 0.929, Goal: 0.9315, Wall: 120, Anchor: "AutoGluon 0.9327, CatBoost 0.9303"},
	{Set: dataset.Set{Name: "bank_marketing"}, Metric: metric.AUC, Bar: 0.937, Goal: 0.9415, Wall: 120, Anchor: "AutoGluon 0.9422", Waive: []string{"leak.late_meaning:duration"}},
	{Set: dataset.Set{Name: "credit_g"}, Metric: metric.AUC, Bar: 0.790, Goal: 0.800, Wall: 10, Anchor: "AutoGluon 0.7988–0.8027"},
	{Set: dataset.Set{Name: "ibm_hr_attrition"}, Metric: metric.AUC, Bar: 0.835, Goal: 0.842, Wall: 10, Anchor: "logistic 0.842"},
	{Set: dataset.Set{Name: "online_shoppers_intention"}, Metric: metric.AUC, Bar: 0.932, Goal: 0.936, Wall: 30},
	{Set: dataset.Set{Name: "wine_quality_white"}, Metric: metric.LogLoss, Bar: 0.76, Goal: 0.70, Wall: 30, Anchor: "AutoGluon 0.7008"},
	{Set: dataset.Set{Name: "car"}, Metric: metric.LogLoss, Bar: 0.03, Goal: 0.006, Wall: 10, Anchor: "AutoGluon 0.0003–0.006"},
	{Set: dataset.Set{Name: "cmc"}, Metric: metric.LogLoss, Bar: 0.90, Goal: 0.885, Wall: 10, Anchor: "AutoGluon 0.8986"},
	{Set: dataset.Set{Name: "vehicle"}, Metric: metric.LogLoss, Bar: 0.33, Goal: 0.283, Wall: 10, Anchor: "AutoGluon 0.2824"},
	{Set: dataset.Set{Name: "diamonds"}, Metric: metric.RMSE, Bar: 520, Goal: 505, Wall: 120, Anchor: "AutoGluon 502–510"},
	{Set: dataset.Set{Name: "abalone"}, Metric: metric.RMSE, Bar: 2.09, Goal: 2.05, Wall: 30, Anchor: "AutoGluon 2.05"},
}

// load completes the wanted sets by the index of the shared ones in dir.
func load(dir string) ([]set, error) {
	known, err := dataset.All(dir)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(wanted)
	for i := range all {
		at := slices.IndexFunc(known, func(d dataset.Set) bool { return d.Name == all[i].Name })
		if at < 0 {
			return nil, fmt.Errorf("datasets.json: no set is called %q", all[i].Name)
		}
		all[i].Set = known[at]
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
	t := &sheet{}
	var err error
	if t.header, t.rows, err = s.Draw(dataset.Everything, nil); err != nil {
		return nil, err
	}
	at := slices.Index(t.header, s.Target)
	if at < 0 {
		return nil, fmt.Errorf("%s: no column %q", s.Name, s.Target)
	}
	for i, row := range t.rows {
		if len(row) != len(t.header) {
			return nil, fmt.Errorf("%s, row %d: %d cells under %d names", s.Name, i+1, len(row), len(t.header))
		}
		t.answer = append(t.answer, row[at])
	}
	return t, nil
}

// write puts the rows into a file.
func (t *sheet) write(path string, rows []int32) error {
	chosen := make([][]string, len(rows))
	for i, r := range rows {
		chosen[i] = t.rows[r]
	}
	return dataset.Write(path, ',', t.header, chosen)
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
