package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// latency is the time from the request to an endpoint that has answered, in a
// fresh workspace without a server, in turns.
func latency(ctx context.Context, p plan, t *table) error {
	dir := filepath.Join(p.work, "latency")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	w := drive.Workspace{Program: p.program.Path, Dir: dir}
	for _, args := range [][]string{{"sample", "customers", "customers"}, {"sample", "hcp", "hcp", "--hcps", fmt.Sprint(p.hcps)}} {
		if _, stderr, exit, err := w.Exec(ctx, args...); err != nil || exit != 0 {
			return fmt.Errorf("%v: exit %d: %w: %s", args, exit, err, stderr)
		}
	}
	tables := []struct {
		name string
		args []string
	}{
		{"customers, 6,000 rows", []string{"run", "predict which customers have churned", "--data", filepath.Join(dir, "customers")}},
		{fmt.Sprintf("prescribers, %d and their events", p.hcps), []string{"run", "Train churn prediction model for Kisqali HCPs", "--data", filepath.Join(dir, "hcp")}},
	}
	if telco := filepath.Join(p.data, "ibm_telco_churn.csv.gz"); exists(telco) {
		tables = append(tables, struct {
			name string
			args []string
		}{"ibm_telco_churn, 7,043 rows", []string{"run", "predict churn", "--data", telco, "--target", "Churn", "--positive", "Yes"}})
	}
	runs := make([][]drive.Run, len(tables))
	for turn := range p.repeats {
		for i, of := range tables {
			w := drive.Workspace{Program: p.program.Path, Dir: filepath.Join(dir, fmt.Sprintf("%d-%d", i, turn))}
			if err := os.Mkdir(w.Dir, 0o755); err != nil {
				return err
			}
			r, err := w.Run(ctx, append(of.args, "--effort", "quick")...)
			if err == nil && r.Status == ledger.Completed {
				_, err = w.AskExample(ctx, r)
			}
			if err = errors.Join(err, w.Stop()); err != nil {
				return fmt.Errorf("%s: %w", of.name, err)
			}
			if r.Status != ledger.Completed {
				return fmt.Errorf("%s: %s", of.name, r.Status)
			}
			runs[i] = append(runs[i], r)
		}
	}
	for i, of := range tables {
		t.add("request to endpoint, "+of.name, wall(runs[i]), fmt.Sprintf("whole process, quick, bake of 5 s, median of %d (least to most)", p.repeats))
		t.add("· agents", agents(runs[i]), "medians; bold: the bottleneck")
	}
	return nil
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func wall(runs []drive.Run) string {
	var s []float64
	for _, r := range runs {
		s = append(s, r.Wall.Seconds())
	}
	return fmt.Sprintf("%.1f s (%.1f to %.1f)", median(s), slices.Min(s), slices.Max(s))
}

// agents is the seconds of each agent, and of what lies between them.
func agents(runs []drive.Run) string {
	names, seconds := []string{}, []float64{}
	sums := make([]float64, len(runs))
	for a, stage := range runs[0].Stages {
		var s []float64
		for i, r := range runs {
			if took := r.Stages[a].Seconds; took != nil {
				s = append(s, *took)
				sums[i] += *took
			}
		}
		names, seconds = append(names, string(stage.Agent)), append(seconds, median(s))
	}
	most := slices.Index(seconds, slices.Max(seconds))
	var parts []string
	for i, name := range names {
		part := fmt.Sprintf("%s %.2f s", name, seconds[i])
		if i == most {
			part = "**" + part + "**"
		}
		parts = append(parts, part)
	}
	var rest []float64
	for i, r := range runs {
		rest = append(rest, r.Wall.Seconds()-sums[i])
	}
	return strings.Join(append(parts, fmt.Sprintf("between them %.2f s", median(rest))), ", ")
}

// median of an even number of values is the upper one.
func median(s []float64) float64 {
	s = slices.Sorted(slices.Values(s))
	return s[len(s)/2]
}
