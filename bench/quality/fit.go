package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/septet-ml/septet/bench/trial"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// fit is one run and its predictions; a line of fits.ndjson.
type fit struct {
	Set      string             `json:"set"`
	Repeat   int                `json:"repeat"`
	Fold     int                `json:"fold"`
	Effort   string             `json:"effort"`
	Seed     uint64             `json:"seed"`
	Program  string             `json:"program"`  // digest of the binary
	Scores   map[string]float64 `json:"scores"`   // on the held-out fold; empty if there is no model
	Missing  int                `json:"missing"`  // held-out rows that were not scored; they count as the training mean
	Learned  int                `json:"learned"`  // rows that the run was given
	Promised int                `json:"promised"` // held-out rows with an interval or a set
	Held     int                `json:"held"`     // of them, those that it holds the answer of
	Status   string             `json:"status"`
	Exit     int                `json:"exit"`
	Why      string             `json:"why"` // of a run without a model
	Seconds  float64            `json:"seconds"`
	CPU      float64            `json:"cpu"`   // seconds of processor time of the run
	Peak     int64              `json:"peak"`  // bytes of memory of the run at most
	Bytes    int64              `json:"bytes"` // of the model
	Units    int                `json:"units"`
}

// same tells whether f is the fold that is asked for.
func (f fit) same(g fit) bool {
	return f.Set == g.Set && f.Repeat == g.Repeat && f.Fold == g.Fold && f.Effort == g.Effort && f.Seed == g.Seed && f.Program == g.Program
}

// measure does what is missing and gives all fits of the plan, fold by fold of
// a set.
func (p plan) measure(ctx context.Context, sets []set) ([]fit, error) {
	path := filepath.Join(p.work, "fits.ndjson")
	known, err := trial.Cases[fit](path)
	if err != nil {
		return nil, err
	}
	var all []fit
	for _, s := range sets {
		t, err := s.read()
		if err != nil {
			return nil, err
		}
		repeats := 1
		if len(t.rows) < smallRows {
			repeats = p.repeats
		}
		for repeat := range repeats {
			for _, k := range p.folds {
				f := fit{Set: s.Name, Repeat: repeat, Fold: k, Effort: p.effort, Seed: p.seed, Program: p.program.Digest}
				if at := slices.IndexFunc(known, f.same); at >= 0 && p.hasRows(known[at]) {
					all = append(all, known[at])
					continue
				}
				if err := p.one(ctx, s, t, &f); err != nil {
					return nil, fmt.Errorf("%s, repeat %d, fold %d: %w", s.Name, repeat, k, err)
				}
				if err := trial.Append(path, f); err != nil {
					return nil, err
				}
				all = append(all, f)
				fmt.Fprintf(os.Stderr, "%-26s repeat %d fold %d  %s %.5g  %.1f s  %.1f s of CPU  %d MB  %d kB  %s %s\n",
					s.Name, repeat, k, s.Metric, f.Scores[string(s.Metric)], f.Seconds, f.CPU, f.Peak>>20, f.Bytes>>10, f.Status, f.Why)
			}
		}
	}
	return all, nil
}

// one runs the program on nine folds and scores its predictions of the other.
func (p plan) one(ctx context.Context, s set, t *sheet, f *fit) error {
	target, err := s.targets(t)
	if err != nil {
		return err
	}
	classes := s.classes(t)
	folds, err := s.deal(target, len(classes), f.Repeat)
	if err != nil {
		return err
	}
	dir := filepath.Join(p.work, fmt.Sprintf("%s-%d-%d", s.Name, f.Repeat, f.Fold))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	train, valid := folds[f.Fold].Train, folds[f.Fold].Valid
	if err := errors.Join(t.write(filepath.Join(dir, s.Name+".csv"), train), t.write(filepath.Join(dir, "later.csv"), valid)); err != nil {
		return err
	}
	w := drive.Workspace{Program: p.program.Path, Dir: dir}
	model, err := p.run(ctx, w, s, f)
	if err != nil {
		return err
	}
	if model == "" {
		return nil // the folder stays, to be looked at
	}
	_, stderr, exit, err := w.Exec(ctx, "predict", model, "--in", "later.csv", "--out", "scores.csv", "--intervals")
	if err != nil || exit != 0 {
		f.Why = fmt.Sprintf("predict: exit %d: %s", exit, stderr)
		return err
	}
	predicted, err := scores(filepath.Join(dir, "scores.csv"), s, classes)
	if err != nil {
		return err
	}
	sample, answers := metric.Sample{Classes: len(classes), Threshold: 0.5}, []string{}
	for _, r := range valid {
		sample.Target, answers = append(sample.Target, target[r]), append(answers, t.answer[r])
	}
	if sample.Prediction, f.Missing, err = complete(predicted, sample, target, train); err != nil {
		return err
	}
	f.Learned = len(train)
	if f.Held, f.Promised, err = held(filepath.Join(dir, "scores.csv"), answers); err != nil {
		return err
	}
	if err := p.keepRows(*f, sample); err != nil {
		return err
	}
	f.Scores = make(map[string]float64)
	for name, v := range metric.All(sample) {
		if !math.IsNaN(v) {
			f.Scores[string(name)] = v
		}
	}
	return os.RemoveAll(dir)
}

// run makes the model and says what that took; "" if there is none.
func (p plan) run(ctx context.Context, w drive.Workspace, s set, f *fit) (model string, err error) {
	args := []string{
		"run", "predict " + s.Target, "--data", s.Name + ".csv", "--target", s.Target, "--metric", string(s.Metric), "--refit", "--no-deploy",
		"--effort", p.effort, "--seed", strconv.FormatUint(p.seed, 10), "--yes", "--output", "json",
		"--waive", "criteria.unmet:" + string(s.Metric) + "=bench",
	}
	if s.Positive != "" {
		args = append(args, "--positive", s.Positive)
	}
	for _, code := range s.Waive {
		args = append(args, "--waive", code+"=bench")
	}
	limited, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	c := w.Command(limited, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	start := time.Now()
	err = c.Run()
	f.Seconds = time.Since(start).Seconds()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if c.ProcessState == nil {
		return "", err
	}
	f.Exit = c.ProcessState.ExitCode()
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.Peak = usage.Maxrss << 10
		f.CPU = (time.Duration(usage.Utime.Nano()) + time.Duration(usage.Stime.Nano())).Seconds()
	}
	var r pipeline.RunObject
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		f.Status, f.Why = "crash", fmt.Sprintf("no run object: %v: %s", err, stderr.Bytes())
		return "", nil
	}
	f.Status = string(r.Status)
	if r.Effort.Units != nil {
		f.Units = *r.Effort.Units
	}
	if r.Model == nil {
		if r.Error != nil {
			f.Why = r.Error.Code + ": " + r.Error.What
		}
		return "", nil
	}
	f.Bytes = r.Model.Bytes
	return r.Model.Path, nil
}

// scores reads what predict wrote: the probability of the last class, those of
// all classes, or the value of each row; nil for a row that was not scored.
func scores(path string, s set, classes []string) ([][]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	names := []string{"prediction"}
	switch s.Task {
	case "binary":
		names[0] = "probability"
	case "multiclass":
		names = names[:0]
		for _, c := range classes {
			names = append(names, "probability_"+c)
		}
	}
	var at []int
	for _, name := range names {
		at = append(at, slices.Index(header, name))
	}
	var out [][]float64
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		values := make([]float64, len(at))
		for i, column := range at {
			if column < 0 {
				continue // a class that no training row has: probability 0
			}
			if row[column] == "" {
				values = nil
				break
			}
			if values[i], err = strconv.ParseFloat(row[column], 64); err != nil {
				return nil, err
			}
		}
		out = append(out, values)
	}
}

// complete puts the training rows' mean, or shares of the classes, in the
// place of what was not scored, and counts that.
func complete(predicted [][]float64, s metric.Sample, target []float64, train []int32) (flat []float64, missing int, err error) {
	if len(predicted) != len(s.Target) {
		return nil, 0, fmt.Errorf("%d predictions of %d rows", len(predicted), len(s.Target))
	}
	mean := make([]float64, 1)
	if s.Classes > 2 {
		mean = make([]float64, s.Classes)
	}
	for _, r := range train {
		if s.Classes > 2 {
			mean[int(target[r])] += 1 / float64(len(train))
		} else {
			mean[0] += target[r] / float64(len(train))
		}
	}
	for _, p := range predicted {
		if p == nil {
			p, missing = mean, missing+1
		}
		flat = append(flat, p...)
	}
	return flat, missing, nil
}
