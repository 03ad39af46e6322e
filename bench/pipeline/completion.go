package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/bench/dataset"
	"github.com/septet-ml/septet/bench/trial"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// outcome is how one case ended; a line of cases.ndjson.
type outcome struct {
	Set      string  `json:"set"`
	Mutation string  `json:"mutation"`
	Rows     int     `json:"rows"`
	Deploy   bool    `json:"deploy"` // it was asked for
	Done     bool    `json:"done"`   // it ended as asked: a blessed model, or the deployed digest answered
	Status   string  `json:"status"`
	Exit     int     `json:"exit"`
	Code     string  `json:"code"` // why not
	Why      string  `json:"why"`
	Seconds  float64 `json:"seconds"`
	Program  string  `json:"program"` // digest of what ran
}

// completion runs the sets × mutations, in an order by chance so that any part
// of them is a sample of all.
func completion(ctx context.Context, p plan, t *table) error {
	all, err := dataset.All(p.data)
	if err != nil {
		return err
	}
	type pair struct {
		set      dataset.Set
		mutation mutation
	}
	var pairs []pair
	for _, s := range all {
		for _, m := range mutations {
			pairs = append(pairs, pair{s, m})
		}
	}
	chance := rand.New(rand.NewPCG(1, 1))
	chance.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	path := filepath.Join(p.work, "cases.ndjson")
	known, err := trial.Cases[outcome](path)
	if err != nil {
		return err
	}
	start, ended := time.Now(), []outcome{}
	for i, c := range pairs {
		at := slices.IndexFunc(known, func(o outcome) bool {
			return o.Set == c.set.Name && o.Mutation == c.mutation.name && o.Program == p.program.Digest
		})
		if at >= 0 {
			ended = append(ended, known[at])
			continue
		}
		if slices.Contains(p.without, c.set.Name) || p.time > 0 && time.Since(start) > p.time {
			continue
		}
		o, err := try(ctx, p, c.set, c.mutation, p.deployEvery > 0 && i%p.deployEvery == 0)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.set.Name, c.mutation.name, err)
		}
		if err := trial.Append(path, o); err != nil {
			return err
		}
		ended = append(ended, o)
		fmt.Fprintf(os.Stderr, "%3d/%d %6s  %-26s %-18s %-11s %s %s\n", i+1, len(pairs), time.Since(start).Round(time.Second), o.Set, o.Mutation, o.Status, o.Code, o.Why)
	}
	summarise(ended, p, t)
	return nil
}

// try is one case in a workspace of its own, which is kept if it fails.
func try(ctx context.Context, p plan, s dataset.Set, m mutation, deploy bool) (outcome, error) {
	o := outcome{Set: s.Name, Mutation: m.name, Deploy: deploy, Program: p.program.Digest}
	sheet, err := draw(s, p.rows*max(1, m.more))
	if err != nil {
		return o, err
	}
	seed := fnv.New64a()
	seed.Write([]byte(s.Name + "\x00" + m.name))
	m.do(sheet, rand.New(rand.NewPCG(1, seed.Sum64())))
	o.Rows = len(sheet.rows)
	dir := filepath.Join(p.work, "cases", s.Name, strings.ReplaceAll(m.name, " ", "-"))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return o, err
	}
	file := s.Name + ".csv"
	if err := sheet.write(filepath.Join(dir, file)); err != nil {
		return o, err
	}
	args := sheet.request(file)
	if deploy {
		args = append(args, "--set", "bake=1s")
	} else {
		args = append(args, "--no-deploy")
	}
	w := drive.Workspace{Program: p.program.Path, Dir: dir}
	limited, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	r, err := w.Run(limited, args...)
	if ctx.Err() != nil {
		return o, errors.Join(ctx.Err(), w.Stop())
	}
	o.judge(limited, w, r, err)
	err = w.Stop()
	if o.Done {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return o, err
}

// judge fills in how the run ended.
func (o *outcome) judge(ctx context.Context, w drive.Workspace, r drive.Run, err error) {
	o.Status, o.Exit, o.Seconds = string(r.Status), r.Exit, r.Wall.Seconds()
	switch {
	case err != nil && ctx.Err() != nil:
		o.Status, o.Code = "hang", "time"
	case err != nil:
		o.Status, o.Code, o.Why = "crash", "no answer", firstLine(err.Error())
	case r.Error != nil:
		o.Code, o.Why = r.Error.Code, r.Error.What
	case o.Deploy:
		a, err := w.AskExample(ctx, r)
		o.Done = r.Status == ledger.Completed && r.Exit == 0 && err == nil && a.Model.Digest == r.Model.Digest
		if !o.Done {
			o.Code, o.Why = "not healthy", fmt.Sprint(err)
		}
	default:
		o.Done = r.Status == ledger.Partial && r.Exit == 0 && r.Model != nil && r.Model.Blessed
	}
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// summarise puts the shares into the table.
func summarise(all []outcome, p plan, t *table) {
	share := func(of []outcome) string {
		done := 0
		for _, o := range of {
			if o.Done {
				done++
			}
		}
		return trial.Rate(done, len(of))
	}
	those := func(keep func(o outcome) bool) (out []outcome) {
		for _, o := range all {
			if keep(o) {
				out = append(out, o)
			}
		}
		return out
	}
	t.add("runs that end as asked", share(all), fmt.Sprintf("shared sets × mutations, quick, at most %d rows (10 k levels: %d); a blessed model, or deployed", p.rows, 6*p.rows))
	if len(p.without) > 0 {
		t.note("without new cases of %s", strings.Join(p.without, ", "))
	}
	t.add("of these deployed: the deployed digest answered", share(those(func(o outcome) bool { return o.Deploy })), "bake of one second")
	t.add("of these with --no-deploy", share(those(func(o outcome) bool { return !o.Deploy })), "")
	judged := those(func(o outcome) bool { return o.Code == "criteria.unmet" })
	t.add("of these refused by the verdict on their sealed test", fmt.Sprint(len(judged)), "criteria.unmet, exit 3, model given; counted as not ended as asked")
	t.add("crashes; hangs", fmt.Sprintf("%d; %d", len(those(func(o outcome) bool { return o.Status == "crash" })), len(those(func(o outcome) bool { return o.Status == "hang" }))),
		"no run object; longer than "+p.limit.String())
	for _, m := range mutations {
		t.add("· "+m.name, share(those(func(o outcome) bool { return o.Mutation == m.name })), "")
	}
	for _, o := range those(func(o outcome) bool { return !o.Done }) {
		t.note("%s, %s: %s (exit %d) %s: %s", o.Set, o.Mutation, o.Status, o.Exit, o.Code, o.Why)
	}
}
