// Command xgboost compares the boosted trees with XGBoost's hist method: the
// same data and settings, wall time of binning and training, memory and AUC
// on held-out rows.
//
// Both learn in processes of their own, in turns. Measure on an idle machine:
// XGBoost's threads wait for each other by spinning, so that a busy one slows
// it down many times over. XGBoost is Debian's python3-xgboost.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// contest is one data set with the size of the model to learn.
type contest struct {
	name          string
	rows, test    int
	columns       int
	trees, leaves int
	make          func(rows, columns int, seed uint64) sample
}

var contests = []contest{
	{"1M", 1_000_000, 200_000, 28, 100, 255, collisions},
	{"100k", 100_000, 200_000, 28, 100, 255, collisions},
	{"telco", 7_043, 20_000, 45, 500, 8, customers},
}

// result is what one process measured.
type result struct {
	Seconds float64   `json:"seconds"` // binning and training
	Bytes   int64     `json:"bytes"`   // most memory over that of the loaded data; 0 if unknown
	Scores  []float64 `json:"scores"`  // of the test rows
	auc     float64
}

func main() {
	only := flag.String("only", "", "names of the contests to run, separated by commas")
	repeats := flag.Int("repeats", 5, "turns per contest")
	threads := flag.Int("threads", 2, "threads of each program")
	child := flag.String("child", "", "learn from the files with this prefix and print the result")
	trees := flag.Int("trees", 100, "with -child: trees")
	leaves := flag.Int("leaves", 31, "with -child: leaves of a tree")
	profile := flag.String("profile", "", "with -child: write a CPU profile to this file")
	keep := flag.String("keep", "", "folder for the data of the last turn, which is kept; empty: a temporary one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *child != "" {
		err = learnOnce(ctx, *child, *trees, *leaves, *threads, *profile)
	} else {
		err = run(ctx, os.Stdout, *only, *keep, *repeats, *threads)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "xgboost:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, only, keep string, repeats, threads int) error {
	if repeats < 1 {
		return fmt.Errorf("-repeats %d: at least 1", repeats)
	}
	if err := exec.CommandContext(ctx, "/usr/bin/python3", "-c", "import xgboost").Run(); err != nil {
		return fmt.Errorf("XGBoost for Debian's Python is missing: apt-get install python3-xgboost (%w)", err)
	}
	folder := keep
	if keep == "" {
		temporary, err := os.MkdirTemp("", "bench-xgboost")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		folder = temporary
	} else if err := os.MkdirAll(keep, 0o700); err != nil {
		return err
	}
	script := filepath.Join(folder, "learn.py")
	if err := os.WriteFile(script, []byte(python), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(out, "%-6s %21s %21s %6s %6s %16s %17s\n", "data", "ours s min/median", "XGBoost s min/median",
		"ratio", "median", "MB ours/XGBoost", "AUC ours/XGBoost")
	for _, c := range contests {
		if only != "" && !slices.Contains(strings.Split(only, ","), c.name) {
			continue
		}
		if err := c.run(ctx, out, folder, script, repeats, threads); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// run lets both programs learn in turns, each time from other rows.
func (c contest) run(ctx context.Context, out io.Writer, folder, script string, repeats, threads int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	prefix := filepath.Join(folder, c.name)
	size := []string{strconv.Itoa(c.trees), strconv.Itoa(c.leaves), strconv.Itoa(threads)}
	commands := [][]string{
		{self, "-child", prefix, "-trees", size[0], "-leaves", size[1], "-threads", size[2]},
		{"/usr/bin/python3", script, prefix, size[0], size[1], size[2]},
	}
	var results [2][]result
	for turn := range repeats {
		all := c.make(c.rows+c.test, c.columns, uint64(turn)+1)
		if err := all.first(c.rows).write(prefix + ".train"); err != nil {
			return err
		}
		test := all.last(c.test)
		if err := test.write(prefix + ".test"); err != nil {
			return err
		}
		for i, command := range commands {
			r, err := measure(ctx, command)
			if err != nil {
				return err
			}
			r.auc = auc(r.Scores, test.label)
			r.Scores = nil
			results[i] = append(results[i], r)
		}
	}
	report(out, c.name, results)
	return nil
}

// measure runs a command that prints a result.
func measure(ctx context.Context, command []string) (result, error) {
	var r result
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("%s: %w", filepath.Base(command[0]), err)
	}
	if err := json.Unmarshal(printed, &r); err != nil {
		return r, fmt.Errorf("%s: %w", filepath.Base(command[0]), err)
	}
	return r, nil
}

// report prints a line: times, the ratio of the least times, the median of the
// turns' ratios, memory, and the mean AUC.
func report(out io.Writer, name string, results [2][]result) {
	var seconds [2][]float64
	var score [2]float64
	var bytes [2]int64
	var ratios []float64
	n := len(results[0])
	for i := range n {
		for k := range results {
			r := results[k][i]
			seconds[k] = append(seconds[k], r.Seconds)
			score[k] += r.auc / float64(n)
			bytes[k] = max(bytes[k], r.Bytes)
		}
		ratios = append(ratios, results[0][i].Seconds/results[1][i].Seconds)
	}
	for _, s := range [][]float64{seconds[0], seconds[1], ratios} {
		slices.Sort(s)
	}
	fmt.Fprintf(out, "%-6s %10.3f %10.3f %10.3f %10.3f %6.3f %6.3f %7d %8d  %.5f %.5f\n", name,
		seconds[0][0], seconds[0][n/2], seconds[1][0], seconds[1][n/2],
		seconds[0][0]/seconds[1][0], ratios[n/2], bytes[0]>>20, bytes[1]>>20, score[0], score[1])
}

// auc is the chance that a positive scores above a negative, ties half.
func auc(score []float64, label []float32) float64 {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if score[a] < score[b] {
			return -1
		}
		if score[a] > score[b] {
			return 1
		}
		return 0
	})
	var positives, negatives, pairs float64
	for i := 0; i < len(order); {
		var p, n float64
		j := i
		for ; j < len(order) && score[order[j]] == score[order[i]]; j++ {
			p += float64(label[order[j]])
			n += 1 - float64(label[order[j]])
		}
		pairs += p*negatives + p*n/2
		positives += p
		negatives += n
		i = j
	}
	return pairs / positives / negatives
}
