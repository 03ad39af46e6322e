// Package choose is the model selector: it measures simple baselines and a
// portfolio of learners by cross-validation, leaves out what breaks a
// constraint, ranks the rest and says why.
package choose

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
)

// Step is the agent.
func Step() durable.Step[handoff.Features, handoff.Choice] {
	return durable.Step[handoff.Features, handoff.Choice]{
		Agent:   handoff.ModelSelector,
		Version: 7,
		Reads: func(s handoff.Settings) any {
			return struct {
				Seed uint64
				Look string
				Warm []string
			}{s.Seed, portfolio.Look(s.Effort), s.WarmStart}
		},
		Work: choose,
	}
}

func choose(ctx context.Context, d *durable.Desk, in handoff.Features) (handoff.Choice, error) {
	before := d.Left()
	bench, err := fitting.Open(d, in, portfolio.Decode)
	opened := before - d.Left()
	if err != nil {
		return handoff.Choice{}, err
	}
	data := bench.Fits.Data
	plan := portfolio.New(portfolio.Shape{Task: data.Task, Classes: data.Classes, Rows: data.Table.Rows, Columns: len(data.Table.Columns)},
		in.Dataset.Scope.Constraints.Interpretable)
	jobs := plan.FirstLook(d.Settings.Effort, bench.Folds.Count)
	bench.Fits.Progress = func(done int) { d.Progress(done, len(jobs)*bench.Folds.Count, "fit") }
	clock := newStopwatch(&bench.Fits, jobs)
	score := metric.Name(in.Dataset.Scope.Metric)
	bags, err := firstLook(ctx, d, bench, jobs, len(plan.Baselines()), opened, score)
	if err != nil {
		return handoff.Choice{}, err
	}
	clock.tell(d, bags, data.Table)
	limits, err := bench.Limits(in.Dataset.Scope)
	if err != nil {
		return handoff.Choice{}, err
	}
	out := handoff.Choice{Features: in, Folds: bench.Folds, Units: len(bags) * bench.Folds.Count, Baselines: plan.Baselines()}
	for _, bag := range bags {
		c, err := candidate(bench, bag, score)
		if err != nil {
			return handoff.Choice{}, err
		}
		cost, err := limits.Cost(bag.Models)
		if err != nil {
			return handoff.Choice{}, err
		}
		c.RowMS, c.Excluded = limits.RowMS(cost), limits.Broken(cost)
		out.Leaderboard = append(out.Leaderboard, c)
	}
	sortBest(out.Leaderboard, score)
	for _, c := range out.Leaderboard {
		if c.Excluded == "" {
			out.Chosen = append(out.Chosen, c.ID)
		}
	}
	if len(out.Chosen) == 0 {
		return handoff.Choice{}, nothingFits(out)
	}
	out.Rationale = rationale(out, score)
	if d.Settings.WarmStart != nil {
		if out.Warm, err = warmStart(ctx, d, in, plan); err != nil {
			return handoff.Choice{}, err
		}
		out.Rationale += warmWords(out.Warm)
	}
	d.Say(headline(out))
	return out, nil
}

// candidate is a bag's line on the leaderboard.
func candidate(bench *fitting.Bench, bag *crossfit.Bag, score metric.Name) (handoff.Candidate, error) {
	settings, err := settingsOf(bag.Candidate.Learner)
	if err != nil {
		return handoff.Candidate{}, err
	}
	c := handoff.Candidate{
		ID: bag.Candidate.ID, Learner: bag.Candidate.Learner.Name(), Settings: settings,
		Metric: string(score), Bytes: bag.Bytes,
	}
	folds, err := bench.Fits.Folds(bag.Repeat)
	if err != nil {
		return c, err
	}
	for _, v := range bench.Scores(folds, bag.OOF, score) {
		if !math.IsNaN(v) {
			c.Scores = append(c.Scores, v)
		}
	}
	c.Mean, c.SE = meanSE(c.Scores)
	return c, nil
}

func settingsOf(l learn.Learner) (map[string]any, error) {
	data, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", l.Name(), err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("settings of %s: %w", l.Name(), err)
	}
	return m, nil
}

// meanSE is the mean of the folds and its standard error; the error is 0 for
// fewer than two folds.
func meanSE(scores []float64) (mean, se float64) {
	switch m := metric.MeanOf(scores, nil); len(scores) {
	case 0:
		return 0, 0
	case 1:
		return m.Value, 0
	default:
		return m.Value, m.SE
	}
}

// paired is the size of the mean difference on the same folds, and its
// standard error; both are 0 where a fold of one has no score.
func paired(a, b *handoff.Candidate) (gain, se float64) {
	if len(a.Scores) != len(b.Scores) {
		return 0, 0
	}
	differences := make([]float64, len(a.Scores))
	for i, v := range a.Scores {
		differences[i] = v - b.Scores[i]
	}
	gain, se = meanSE(differences)
	return math.Abs(gain), se
}

// sortBest puts the best score first; ties by the smaller model, then the id.
func sortBest(board []handoff.Candidate, score metric.Name) {
	sign := 1.0
	if metric.HigherIsBetter(score) {
		sign = -1
	}
	slices.SortStableFunc(board, func(a, b handoff.Candidate) int {
		return cmp.Or(cmp.Compare(sign*a.Mean, sign*b.Mean), cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.ID, b.ID))
	})
}

func nothingFits(out handoff.Choice) error {
	p := &problem.Problem{
		Kind: problem.Blocked, Code: "model.constraints", What: "every candidate breaks a constraint",
		Fix: "loosen the constraint",
	}
	for _, c := range out.Leaderboard {
		p.Nearest = append(p.Nearest, words(c.ID)+": "+c.Excluded)
	}
	return p
}

func headline(out handoff.Choice) string {
	var parts []string
	for i, c := range out.Leaderboard {
		if i < 2 || slices.Contains(out.Baselines, c.ID) {
			text := fmt.Sprintf("%s %.4g", words(c.ID), c.Mean)
			if i == 0 {
				text += fmt.Sprintf(" ± %.2g", c.SE)
			}
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " · ")
}

func words(id string) string { return strings.ReplaceAll(id, "_", " ") }

// rationale says in words why the best is the best, and how sure that is.
func rationale(out handoff.Choice, score metric.Name) string {
	var b strings.Builder
	var best, simple *handoff.Candidate
	for i := range out.Leaderboard {
		c := &out.Leaderboard[i]
		if c.Excluded != "" {
			fmt.Fprintf(&b, "%s is left out: %s. ", words(c.ID), c.Excluded)
			continue
		}
		if best == nil {
			best = c
		}
		if simple == nil && slices.Contains(out.Baselines, c.ID) {
			simple = c
		}
	}
	fmt.Fprintf(&b, "%s has the best %s over %d folds: %.4g with a standard error of %.2g. ", words(best.ID), score, len(best.Scores), best.Mean, best.SE)
	if out.Folds.Reason != "" {
		fmt.Fprintf(&b, "The folds are not by time as the parts are: %s. ", words(out.Folds.Reason))
	}
	switch {
	case simple == nil:
	case simple.ID == best.ID:
		b.WriteString("It is a simple baseline: nothing more complex was measured to be better.")
	default:
		gain, se := paired(best, simple)
		fmt.Fprintf(&b, "The best simple baseline, %s, has %.4g; on the same folds the difference is %.2g with a standard error of %.2g", words(simple.ID), simple.Mean, gain, se)
		if gain <= se {
			b.WriteString(": the gain from complexity is not certain, and the trainer weighs both by what they say of rows that they have not seen")
		}
		b.WriteString(".")
	}
	return strings.TrimSpace(b.String())
}
