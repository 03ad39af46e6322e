package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/bench/dataset"
	"github.com/septet-ml/septet/bench/trial"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// outcome is how one case ended; a line of cases.ndjson.
type outcome struct {
	Set     string   `json:"set"`
	Leak    string   `json:"leak"` // "" for the set as it is
	How     string   `json:"how"`
	Found   bool     `json:"found"`
	Code    string   `json:"code"`    // of the finding, or of the refusal
	Clean   int      `json:"clean"`   // columns that are no leaks, and no plant's
	Wrong   []string `json:"wrong"`   // of these, those that were removed, with the codes
	Blocked bool     `json:"blocked"` // a set without a plant was refused for a leak
	Why     string   `json:"why"`     // where the run gave no parts
	Program string   `json:"program"`
}

func (p plan) measure(ctx context.Context) ([]outcome, error) {
	all, err := dataset.All(p.data)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.work, "cases.ndjson")
	known, err := trial.Cases[outcome](path)
	if err != nil {
		return nil, err
	}
	var ended []outcome
	for _, s := range all {
		if p.only != nil && !slices.Contains(p.only, s.Name) {
			continue
		}
		for _, x := range append([]plant{{do: func(*sheet) {}}}, plants...) {
			if x.task != "" && (x.task == "classes") != s.HasClasses() {
				continue
			}
			at := slices.IndexFunc(known, func(o outcome) bool {
				return o.Set == s.Name && o.Leak == x.leak && o.How == x.how && o.Program == p.program.Digest
			})
			if at >= 0 {
				ended = append(ended, known[at])
				continue
			}
			o, err := p.try(ctx, s, x)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", s.Name, x.how, err)
			}
			if err := trial.Append(path, o); err != nil {
				return nil, err
			}
			ended = append(ended, o)
			fmt.Fprintf(os.Stderr, "%-28s %-30s %-5v %s %s %v\n", o.Set, o.Leak, o.Found, o.Code, o.Why, o.Wrong)
		}
	}
	return ended, nil
}

// try plants one leak into one set and sees what becomes of it.
func (p plan) try(ctx context.Context, s dataset.Set, x plant) (outcome, error) {
	o := outcome{Set: s.Name, Leak: x.leak, How: x.how, Wrong: []string{}, Program: p.program.Digest}
	seed := fnv.New64a()
	seed.Write([]byte(s.Name + "\x00" + x.how))
	t, err := draw(s, p.rows, seed.Sum64())
	if err != nil {
		return o, err
	}
	if x.time {
		t.date()
	}
	x.do(t)
	dir := filepath.Join(p.work, "case")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return o, err
	}
	if err := dataset.Write(filepath.Join(dir, "rows.csv"), rune(s.Delimiter[0]), t.header, t.rows); err != nil {
		return o, err
	}
	task := s.Task
	if !s.HasClasses() {
		task = "regression"
	}
	args := []string{
		"run", "predict " + s.Target, "--data", "rows.csv", "--target", s.Target, "--yes", "--until", "data_preparer",
		"--set", "minimum_samples=100", "--set", "problem_type=" + task,
	}
	if s.Positive != "" {
		args = append(args, "--positive", s.Positive)
	}
	given := slices.Concat(s.IDs, s.Leaks, s.Debatable)
	if len(given) > 0 {
		args = append(args, "--exclude", strings.Join(given, ","))
	}
	if x.time {
		args = append(args, "--time", markTime)
	} else if slices.Contains(t.header, "customer_id") {
		args = append(args, "--set", "time=none") // a division by time lets known entities recur
	}
	w := drive.Workspace{Program: p.program.Path, Dir: dir}
	limited, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	r, err := w.Run(limited, args...)
	if err != nil {
		return o, errors.Join(err, w.Stop())
	}
	judge(&o, t, r, given)
	if x.rows && r.Error == nil {
		o.Found, err = together(limited, w, r.RunID, t, x)
	}
	return o, errors.Join(err, w.Stop())
}

// judge fills in what the findings say of the columns.
func judge(o *outcome, t *sheet, r drive.Run, given []string) {
	clean := func(name string) bool {
		return name != t.Target && !slices.Contains(given, name) && !strings.HasPrefix(name, mark) && name != "customer_id"
	}
	for _, name := range t.header {
		if clean(name) {
			o.Clean++
		}
	}
	for _, f := range r.Findings {
		blocking := f.Severity == handoff.Blocking && strings.HasPrefix(f.Code, "leak.")
		switch {
		case blocking && o.Leak == "":
			o.Blocked = true
		case f.Column == nil || f.Action != handoff.Removed && !blocking:
		case *f.Column == mark:
			o.Found, o.Code = true, f.Code
		case clean(*f.Column):
			o.Wrong = append(o.Wrong, *f.Column+" "+f.Code)
		}
	}
	if slices.ContainsFunc(excluded(r), func(x handoff.Exclusion) bool { return x.Column == mark }) {
		o.Found, o.Code = true, "excluded by the scope"
	}
	if r.Error != nil {
		o.Why = r.Error.Code + ": " + r.Error.What
	}
}

// together tells whether rows that belong together are in one part each, in
// the parts that the program wrote.
func together(ctx context.Context, w drive.Workspace, run string, t *sheet, x plant) (bool, error) {
	if _, stderr, exit, err := w.Exec(ctx, "runs", "show", run, "--splits", "parts.csv"); err != nil || exit != 0 {
		return false, fmt.Errorf("write the parts: exit status %d, %w\n%s", exit, err, stderr)
	}
	data, err := os.ReadFile(filepath.Join(w.Dir, "parts.csv"))
	if err != nil {
		return false, err
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return false, err
	}
	key := func(row int) string { return strings.Join(t.rows[row], "\x00") }
	if at := slices.Index(t.header, "customer_id"); at >= 0 {
		key = func(row int) string { return t.rows[row][at] }
	}
	part := map[string]string{}
	for _, cells := range rows[1:] {
		row, err := strconv.Atoi(cells[0])
		if err != nil {
			return false, err
		}
		if before, ok := part[key(row-1)]; ok && before != cells[1] {
			return false, nil
		}
		part[key(row-1)] = cells[1]
	}
	return len(rows) > 1, nil
}

// excluded are the columns that the scope left out.
func excluded(r drive.Run) []handoff.Exclusion {
	if r.Scope == nil {
		return nil
	}
	return r.Scope.Exclude
}
