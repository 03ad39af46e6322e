package main

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// ceiling compares the AUC on the sealed test with that of the probability the
// labels were drawn with, on the same rows, for samples of several seeds.
func ceiling(ctx context.Context, p plan, t *table) error {
	var gaps, each []string
	var sum, squares float64
	for seed := 1; seed <= p.seeds; seed++ {
		got, best, rows, err := distance(ctx, p, seed)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		gap := best - got
		sum, squares = sum+gap, squares+gap*gap
		gaps = append(gaps, fmt.Sprintf("%.4f", gap))
		each = append(each, fmt.Sprintf("%.4f of %.4f on %d rows", got, best, rows))
	}
	n := float64(p.seeds)
	mean := sum / n
	se := math.Sqrt(max(0, squares/n-mean*mean) / max(1, n-1))
	t.add("AUC below the best possible, prescribers", fmt.Sprintf("%.4f ± %.4f (%s)", mean, 1.96*se, strings.Join(gaps, ", ")),
		fmt.Sprintf("quick, %d HCPs, seeds 1 to %d, sealed test, mean ± 1.96 standard errors", p.hcps, p.seeds))
	t.note("test AUC of the best possible: %s", strings.Join(each, "; "))
	return nil
}

// distance is the AUC of the run and the best possible on its test rows.
func distance(ctx context.Context, p plan, seed int) (got, best float64, rows int, err error) {
	dir := filepath.Join(p.work, "hcp", fmt.Sprint(seed))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return 0, 0, 0, err
	}
	w := drive.Workspace{Program: p.program.Path, Dir: dir}
	if _, stderr, exit, err := w.Exec(ctx, "sample", "hcp", "tables", "--hcps", fmt.Sprint(p.hcps), "--seed", fmt.Sprint(seed)); err != nil || exit != 0 {
		return 0, 0, 0, fmt.Errorf("sample: exit %d: %w: %s", exit, err, stderr)
	}
	r, err := w.Run(ctx, "run", "Train churn prediction model for Kisqali HCPs", "--data", "tables", "--effort", "quick", "--no-deploy")
	if err != nil {
		return 0, 0, 0, err
	}
	auc, ok := r.Metrics["test"]["auc"]
	if r.Status != ledger.Partial || !ok || auc.Value == nil {
		return 0, 0, 0, fmt.Errorf("%s: %s", r.Status, r.Progress)
	}
	if _, stderr, exit, err := w.Exec(ctx, "runs", "show", "last", "--splits", "splits.csv"); err != nil || exit != 0 {
		return 0, 0, 0, fmt.Errorf("splits: exit %d: %w: %s", exit, err, stderr)
	}
	truth, err := truths(filepath.Join(dir, "tables", "truth", "probabilities.csv.gz"))
	if err != nil {
		return 0, 0, 0, err
	}
	s := metric.Sample{Classes: 2}
	err = records(filepath.Join(dir, "splits.csv"), func(c map[string]string) error {
		if c["part"] != "test" {
			return nil
		}
		row, found := truth[[3]string{c["hcp_id"], c["brand"], c["snapshot"]}]
		if !found {
			return fmt.Errorf("no truth for a test row of %s", c["snapshot"])
		}
		s.Target, s.Prediction = append(s.Target, row[1]), append(s.Prediction, row[0])
		return nil
	})
	if err != nil {
		return 0, 0, 0, err
	}
	if want := r.Splits["test"].Rows; len(s.Target) != want {
		return 0, 0, 0, fmt.Errorf("%d test rows in the splits, %d in the run", len(s.Target), want)
	}
	return *auc.Value, metric.Score(metric.AUC, s), len(s.Target), os.RemoveAll(dir)
}

// truths are probability and label of each HCP, brand and snapshot.
func truths(path string) (map[[3]string][2]float64, error) {
	all := map[[3]string][2]float64{}
	return all, records(path, func(c map[string]string) error {
		probability, err := strconv.ParseFloat(c["probability"], 64)
		if err != nil {
			return err
		}
		label, err := strconv.ParseFloat(c["label"], 64)
		all[[3]string{c["hcp_id"], c["brand"], c["snapshot"]}] = [2]float64{probability, label}
		return err
	})
}

// records calls f with every record of a CSV file, by the names of its header.
func records(path string, f func(map[string]string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var from io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			return err
		}
	}
	r := csv.NewReader(from)
	header, err := r.Read()
	for err == nil {
		var row []string
		if row, err = r.Read(); err != nil {
			break
		}
		c := make(map[string]string, len(header))
		for i, name := range header {
			c[name] = row[i]
		}
		err = f(c)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
