package trial_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/bench/trial"
)

// What a killed process left unfinished is done again, and all else is known.
func TestCasesAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.ndjson")
	if got, err := trial.Cases[int](path); err != nil || got != nil {
		t.Fatalf("of no file: %v, %v", got, err)
	}
	for i := range 3 {
		if err := trial.Append(path, i); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := trial.Cases[int](path); err != nil || cmp.Diff([]int{0, 1}, got) != "" {
		t.Errorf("after the kill: %v, %v", got, err)
	}
	if err := trial.Append(path, 7); err != nil {
		t.Fatal(err)
	}
	if got, err := trial.Cases[int](path); err != nil || cmp.Diff([]int{0, 1, 7}, got) != "" {
		t.Errorf("begun again: %v, %v", got, err)
	}
}

// The wanted bounds are of scipy.stats.binomtest(k, n).proportion_ci(method="exact").
func TestRate(t *testing.T) {
	for _, test := range []struct {
		k, n int
		want string
	}{
		{0, 10, "0 of 10 = 0.0 % (0.0 to 30.8)"},
		{10, 10, "10 of 10 = 100.0 % (69.2 to 100.0)"},
		{7, 10, "7 of 10 = 70.0 % (34.8 to 93.3)"},
		{199, 200, "199 of 200 = 99.5 % (97.2 to 100.0)"},
		{0, 0, "0 of 0"},
	} {
		if got := trial.Rate(test.k, test.n); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
