package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/septet-ml/septet/metric"
)

// A row that was not scored promises nothing.
func TestHeld(t *testing.T) {
	for name, test := range map[string]struct {
		file       string
		answers    []string
		hits, rows int
	}{
		"values":   {"row,prediction,low,high\n1,2,1,3\n2,2,1,3\n3,,,\n", []string{"3", "3.5", "1"}, 1, 2},
		"classes":  {"row,prediction,set\n1,a,a|b\n2,a,a\n3,,\n4,c,a|c\\|d\\\\\n", []string{"b", "b", "a", `c|d\`}, 2, 3},
		"no claim": {"row,prediction,probability\n1,a,0.1\n", []string{"a"}, 0, 0},
	} {
		path := filepath.Join(t.TempDir(), "scores.csv")
		if err := os.WriteFile(path, []byte(test.file), 0o644); err != nil {
			t.Fatal(err)
		}
		hits, rows, err := held(path, test.answers)
		if err != nil || hits != test.hits || rows != test.rows {
			t.Errorf("%s: %d of %d, %v; want %d of %d", name, hits, rows, err, test.hits, test.rows)
		}
		if _, _, err := held(path, append(test.answers, "a")); err == nil {
			t.Errorf("%s: a row too few is no error", name)
		}
	}
}

// Of answers drawn from the predictions one in twenty has a larger ECE; of
// others nearly all have.
func TestCalibratedECE(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	over := func(shift float64) (n int) {
		for range 40 {
			s := metric.Sample{Classes: 2}
			for range 400 {
				p := random.Float64()
				s.Prediction = append(s.Prediction, p)
				s.Target = append(s.Target, chance(random.Float64(), []float64{min(p+shift, 1)}))
			}
			if metric.Score(metric.ECE, s) > calibratedECE(s) {
				n++
			}
		}
		return n
	}
	if n := over(0); n > 7 {
		t.Errorf("%d of 40 calibrated samples are over", n)
	}
	if n := over(0.15); n < 36 {
		t.Errorf("%d of 40 samples that are off by 0.15 are over", n)
	}
}
