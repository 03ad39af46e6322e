// Package train is the model trainer: it fits the portfolio on train and
// validation rows, blends the out-of-fold predictions into an ensemble,
// calibrates it, chooses a threshold, and only then opens the sealed test,
// once, to say how good the whole is.
package train

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/points"
)

// Step is the agent.
func Step() durable.Step[handoff.Choice, handoff.Model] {
	return durable.Step[handoff.Choice, handoff.Model]{
		Agent:   handoff.ModelTrainer,
		Version: 18,
		Reads: func(s handoff.Settings) any {
			return struct {
				Seed      uint64
				Effort    string
				Refit     bool
				Name      string
				Threshold calibrate.Rule
				Coverage  float64
				Forgets   bool `json:",omitempty"`
			}{s.Seed, s.Effort, s.Refit, s.Name, thresholdOf(s.Set), coverageOf(s.Set), forgets(s.Set)}
		},
		Work: train,
	}
}

// goldenRows are made up for every model file.
const goldenRows = 32

func train(ctx context.Context, d *durable.Desk, in handoff.Choice) (handoff.Model, error) {
	bench, err := fitting.Open(d, in.Features, portfolio.Decode)
	if err != nil {
		return handoff.Model{}, err
	}
	out := handoff.Model{Choice: in, Name: d.Settings.Name, Refit: d.Settings.Refit, Notes: []string{}}
	if out.Name == "" {
		out.Name = in.Features.Dataset.Scope.Slug
	}
	bags, growth, effort, err := fitAll(ctx, d, bench, in)
	if err != nil {
		return handoff.Model{}, err
	}
	out.Effort, out.Learning = effort, growth.result()
	if effort.Capped {
		d.Warn(fmt.Sprintf("the budget ended the plan after %d units; --effort %d%s gives this model again", effort.Units, effort.Units, warmFlag(in.Warm)))
	}
	r, err := blend(bench, bags, in, d.Settings)
	if err != nil {
		return handoff.Model{}, err
	}
	verdict, err := judge(ctx, d, bench, bags, r, in)
	if err != nil {
		return handoff.Model{}, err
	}
	out.Metrics, out.Baselines, out.Verdicts, out.Openings = verdict.metrics, verdict.baselines, verdict.criteria, verdict.opening
	out.Blessed = bless(d, out.Verdicts)
	if err := verdict.sealed.describe(ctx, d, bench, in, &out); err != nil {
		return handoff.Model{}, err
	}
	if d.Settings.Refit {
		if out.Refit, err = refit(ctx, d, bench, verdict.sealed.file, r, in); err != nil {
			return handoff.Model{}, err
		}
		out.Notes = append(out.Notes, refitNote(out.Refit))
	}
	out.Notes = append(out.Notes, r.team.notes()...)
	out.Notes = append(out.Notes, r.recalled()...)
	out.Members, out.Calibration, out.Threshold = r.members, r.calibration.Kind, r.threshold
	if err := write(ctx, d, bench, r, &out); err != nil {
		return handoff.Model{}, err
	}
	d.Say(headline(out))
	return out, nil
}

// fitAll does the units that effort asks for, or as many as the budget lets.
// Where that is more than the first look it measures the learning curve, too,
// before the others: so whoever has done a job of them has it.
func fitAll(ctx context.Context, d *durable.Desk, bench *fitting.Bench, in handoff.Choice) ([]*crossfit.Bag, *growth, handoff.Effort, error) {
	data := bench.Fits.Data
	plan := portfolio.New(portfolio.Shape{Task: data.Task, Classes: data.Classes, Rows: data.Table.Rows, Columns: len(data.Table.Columns)},
		in.Features.Dataset.Scope.Constraints.Interpretable)
	if in.Warm != nil {
		plan = plan.Ordered(in.Warm.Order)
	}
	first := plan.FirstLook(d.Settings.Effort, bench.Folds.Count)
	jobs, err := plan.Jobs(d.Settings.Effort, bench.Folds.Count)
	if err != nil {
		return nil, nil, handoff.Effort{}, err
	}
	effort := handoff.Effort{Asked: cmp.Or(d.Settings.Effort, portfolio.Standard)}
	total := max(len(jobs), len(first)) * bench.Folds.Count
	if looked := in.Units / bench.Folds.Count; d.Settings.Budget > 0 && looked < len(first) { // it ended the selector's look, too
		first, jobs = first[:looked], first[:looked]
	}
	fits := bench.Fits
	bags, units, err := fits.Run(ctx, first) // fitted by the selector, budget or not
	if err != nil {
		return nil, nil, effort, err
	}
	effort.Units = units
	var curve *growth
	if len(jobs) > len(first) {
		after, err := rehearse(d, bench, bags, in)
		if err != nil {
			return nil, nil, effort, err
		}
		complete := false
		if curve, complete, err = grow(ctx, d, bench, plan, bags, in, limit(d, bench, after, in)); err != nil {
			return nil, nil, effort, err
		}
		fits.Limit = limit(d, bench, after, in)
		if !complete {
			jobs = jobs[:len(first)]
		}
		fits.Progress = func(done int) { d.Progress(effort.Units+done, total, "fit") }
		more, units, err := fits.Run(ctx, jobs[len(first):])
		if err != nil {
			return nil, nil, effort, err
		}
		if len(more) == 0 {
			curve = nil
		}
		bags = append(bags, more...)
		plan.Sort(bags)
		effort.Units += units
	}
	if effort.Units < total {
		// A job that was cut short gives nothing, so it does not count.
		effort.Units = len(bags) * bench.Folds.Count
		effort.Capped = true
		d.Capped(effort.Units)
	}
	return bags, curve, effort, nil
}

// write makes the model file and its card.
func write(ctx context.Context, d *durable.Desk, bench *fitting.Bench, r *recipe, out *handoff.Model) error {
	scope := out.Choice.Features.Dataset.Scope
	m := r.model()
	m.Title, m.Task, m.Classes, m.Entity = scope.Title, bench.File.Task, scope.Classes, scope.Entity
	m.Metric, m.LatencyMS = scope.Metric, scope.Constraints.LatencyMS
	m.Transform, m.Card = bench.Transform, card(*out)
	if scope.Target != nil {
		m.Target = scope.Target.Column
	}
	if err := keepPoints(d, out.Choice.Features, m); err != nil {
		return err
	}
	if err := m.MakeGolden(bench.File.Inputs, everyRow(bench.File.Inputs.Rows), goldenRows, d.Settings.Seed); err != nil {
		return err
	}
	var err error
	out.Card, err = d.Artifacts.Put(ctx, "card", "text/markdown", func(w io.Writer) error {
		_, err := io.WriteString(w, m.Card)
		return err
	})
	if err != nil {
		return err
	}
	out.File, err = d.Artifacts.Put(ctx, "model", "application/vnd.septet.model", m.Write)
	if err != nil {
		return err
	}
	// What counts is the file: it is read back and must give its own golden
	// scores before anybody hears of it.
	read, err := modelfile.Open(d.Artifacts.Path(out.File))
	if err != nil {
		return err
	}
	equal, total, err := read.Replay()
	if err != nil {
		return err
	}
	if equal != total {
		return fmt.Errorf("model file: %d of %d golden rows give other bits when read back", total-equal, total)
	}
	return nil
}

// keepPoints puts what makes features of events into the model, where it has
// such features.
func keepPoints(d *durable.Desk, in handoff.Features, m *modelfile.Model) error {
	if in.Points == nil {
		return nil
	}
	data, err := d.Artifacts.Read(in.Points.Recipe)
	if err != nil {
		return err
	}
	recipe, err := points.Decode(data)
	if err != nil {
		return err
	}
	entity, err := recipe.Entity()
	if err != nil {
		return err
	}
	m.Recipe = data
	m.Points = &modelfile.Points{Snapshot: *in.Dataset.Scope.AsOf, Latest: in.Points.Latest}
	for _, c := range entity {
		m.Points.Entity = append(m.Points.Entity, feature.Input{Name: c.Name, CellRule: c.CellRule})
	}
	return nil
}

func everyRow(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}
