package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/septet-ml/septet/bench/dataset"
	"github.com/septet-ml/septet/metric"
)

// Every row is held out once; of two classes each fold has its share; the
// repeats differ, and each is the same every time.
func TestDeal(t *testing.T) {
	target := make([]float64, 500)
	for i := range target {
		if i%5 == 0 {
			target[i] = 1
		}
	}
	for _, classes := range []int{2, 0} {
		var first string
		for _, repeat := range []int{0, 0, 1} {
			folds, err := set{}.deal(target, classes, repeat)
			if err != nil {
				t.Fatal(err)
			}
			seen := make([]int, len(target))
			for _, f := range folds {
				positives := 0.0
				for _, r := range f.Valid {
					seen[r]++
					positives += target[r]
				}
				if len(f.Valid) != 50 || len(f.Train) != 450 || classes > 0 && positives != 10 {
					t.Errorf("classes %d: a fold of %d rows, %v positives, and %d others", classes, len(f.Valid), positives, len(f.Train))
				}
			}
			for r, n := range seen {
				if n != 1 {
					t.Fatalf("row %d is in %d folds", r, n)
				}
			}
			text := cmp.Diff(nil, folds[0].Valid)
			switch {
			case first == "":
				first = text
			case (text == first) != (repeat == 0):
				t.Errorf("classes %d, repeat %d: the same as repeat 0: %v", classes, repeat, text == first)
			}
		}
	}
}

// Probabilities are found by the classes' names, and rows that were not scored
// count as the mean of training.
func TestScores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores.csv")
	text := "row,prediction,probability_b,probability_a\n1,a,0.2,0.7\n2,,,\n3,b,0.9,0.05\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := scores(path, set{Set: dataset.Set{Task: "multiclass"}}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]float64{{0.7, 0.2, 0}, nil, {0.05, 0.9, 0}}, got); diff != "" {
		t.Error(diff)
	}
	s := metric.Sample{Classes: 3, Target: []float64{0, 1, 1}}
	flat, missing, err := complete(got, s, []float64{0, 0, 1, 2}, []int32{0, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{0.7, 0.2, 0, 0.5, 0.25, 0.25, 0.05, 0.9, 0}, flat); diff != "" || missing != 1 {
		t.Errorf("%d missing %s", missing, diff)
	}
	if _, _, err := complete(got[:2], s, []float64{0}, []int32{0}); err == nil {
		t.Error("two predictions of three rows are taken")
	}
}

// A line says where a set stands, and compares on the folds that both have.
func TestLine(t *testing.T) {
	s := set{Set: dataset.Set{Name: "some"}, Metric: metric.LogLoss, Bar: 0.5, Goal: 0.4, Wall: 10}
	others := map[string]map[string]float64{"linear": {"0/0": 0.6, "0/4": 0.7, "0/8": 0.1}, "trees": {"0/0": 0.3}}
	for _, c := range []struct {
		scored map[string]float64
		want   string
	}{
		{map[string]float64{"0/0": 0.3, "0/4": 0.4}, "| **0.3500 ± 0.0500** | 2 | 0.3000 ± 0.0000 (linear) |"},
		{map[string]float64{"0/0": 0.45}, "| 0.4500 | 1 |"},
		{map[string]float64{"0/0": 0.6}, "| ✗ 0.6000 | 1 |"},
		{nil, "| none | 0 |"},
	} {
		var places []fit
		for range c.scored {
			places = append(places, fit{Seconds: 1})
		}
		if got := line(s, places, c.scored, others); !strings.Contains(got, c.want) {
			t.Errorf("%v gives %s, want %s in it", c.scored, got, c.want)
		}
	}
	if _, se := meanSE([]float64{1, 3}); math.Abs(se-1) > 1e-12 {
		t.Errorf("standard error of 1 and 3: %v, want 1", se)
	}
}
