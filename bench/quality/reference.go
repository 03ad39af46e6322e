package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// script fits reference models: it reads an order as JSON on stdin, and writes
// the scores on stdout.
//
//go:embed reference.py
var script string

// published is reference.json as it was when the program was compiled.
//
//go:embed reference.json
var published []byte

// reference is scores of other programs on the same folds: by set, model and
// "repeat/fold" the primary metric.
type reference struct {
	Versions map[string]string                        `json:"versions"` // of the packages
	Scores   map[string]map[string]map[string]float64 `json:"scores"`
}

// order is what the script is asked for.
type order struct {
	File      string             `json:"file"`
	Task      string             `json:"task"`
	Target    string             `json:"target"`
	Classes   []string           `json:"classes"` // the positive one last
	Delimiter string             `json:"delimiter"`
	Drop      []string           `json:"drop"`
	Folds     map[string][]int32 `json:"folds"` // "repeat/fold": the rows held out
}

// reference makes the reference of the sets on the plan's folds and merges it
// into the file at path.
func (p plan) reference(ctx context.Context, sets []set, python, path string) error {
	all := reference{Versions: map[string]string{}, Scores: map[string]map[string]map[string]float64{}}
	if data, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(data, &all); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, s := range sets {
		o, err := p.order(s)
		if err != nil {
			return err
		}
		r, err := ask(ctx, python, o)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for name, version := range r.Versions {
			all.Versions[name] = version
		}
		if all.Scores[s.Name] == nil {
			all.Scores[s.Name] = map[string]map[string]float64{}
		}
		for model, scores := range r.Scores[""] {
			if all.Scores[s.Name][model] == nil {
				all.Scores[s.Name][model] = map[string]float64{}
			}
			for k, v := range scores {
				all.Scores[s.Name][model][k] = v
			}
		}
		data, err := json.MarshalIndent(all, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, s.Name)
	}
	return nil
}

// order is the set and its folds.
func (p plan) order(s set) (order, error) {
	t, err := s.read()
	if err != nil {
		return order{}, err
	}
	target, err := s.targets(t)
	if err != nil {
		return order{}, err
	}
	o := order{File: s.Path, Task: s.Task, Target: s.Target, Classes: s.classes(t), Delimiter: s.Delimiter, Drop: s.IDs, Folds: map[string][]int32{}}
	repeats := 1
	if len(t.rows) < smallRows {
		repeats = p.repeats
	}
	for repeat := range repeats {
		folds, err := s.deal(target, len(o.Classes), repeat)
		if err != nil {
			return o, err
		}
		for _, k := range p.folds {
			o.Folds[fmt.Sprintf("%d/%d", repeat, k)] = folds[k].Valid
		}
	}
	return o, nil
}

// ask runs the script.
func ask(ctx context.Context, python string, o order) (reference, error) {
	var r reference
	dir, err := os.MkdirTemp("", "quality")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	data, err := json.Marshal(o)
	if err != nil {
		return r, err
	}
	in := filepath.Join(dir, "order.json")
	if err := os.WriteFile(in, data, 0o644); err != nil {
		return r, err
	}
	c := exec.CommandContext(ctx, python, "-c", script, in)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}
