package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Records is what a report reads of a ledger.
type Records interface {
	Run(ctx context.Context, id string) (ledger.Run, error)
	ListRuns(ctx context.Context, limit int) ([]ledger.Run, error)
	Handoff(ctx context.Context, id string) (handoff.Envelope, error)
	Models(ctx context.Context, name string) ([]ledger.Model, error)
	Deployments(ctx context.Context, name string) ([]ledger.Deployment, error)
}

// Report makes the run object of a run in a workspace (an absolute folder).
// It reads only the ledger, so that it is the same for a run that goes on, one
// that ended, and one whose process is gone.
func Report(ctx context.Context, l Records, workspace, runID string) (RunObject, error) {
	run, err := l.Run(ctx, runID)
	if err != nil {
		return RunObject{}, fmt.Errorf("report of run %s: %w", runID, err)
	}
	b := &builder{ctx: ctx, ledger: l, workspace: workspace, run: run}
	b.begin()
	if err := b.handoffs(); err != nil {
		return b.object, fmt.Errorf("report of run %s: %w", runID, err)
	}
	return b.object, nil
}

// StatusOf is the run's status now: a run whose process is gone is
// interrupted.
func StatusOf(workspace string, r ledger.Run) ledger.Status {
	if r.Status == ledger.Running && !durable.Live(workspace, r.ID) {
		return ledger.Interrupted
	}
	return r.Status
}

type builder struct {
	ctx       context.Context
	ledger    Records
	workspace string
	run       ledger.Run
	object    RunObject
}

// begin is what the run's own record says.
func (b *builder) begin() {
	r, s := b.run, b.run.Brief.Settings
	status := StatusOf(b.workspace, r)
	b.object = RunObject{
		Format: "septet.run/1", RunID: r.ID, Status: status, Error: ErrorOf(r.Problem),
		Request: r.Brief.Request, Started: r.Started, Program: r.Program, Seed: s.Seed,
		Effort: Effort{Asked: s.Effort}, Findings: []handoff.Finding{}, Warnings: []string{},
		Questions: append([]handoff.Question{}, r.Ask...), Verdicts: []handoff.Verdict{},
	}
	if s.Effort == "" {
		b.object.Effort.Asked = "standard"
	}
	if status != ledger.Running {
		exit := r.Exit
		if status != r.Status {
			exit = status.ExitCode()
		}
		b.object.ExitCode = &exit
	}
	for _, a := range r.Agents {
		stage := Stage{Agent: a.Agent, Status: a.Status, Reused: a.Reused, Handoff: some(a.Handoff), Headline: some(a.Headline), Attempts: a.Attempts}
		if a.Status == "running" && status != ledger.Running {
			stage.Status = "pending"
		}
		if a.Status != "pending" && a.Status != "skipped" && a.Status != "running" {
			seconds := a.Seconds
			stage.Seconds = &seconds
		}
		b.object.Stages = append(b.object.Stages, stage)
		b.object.Seconds += a.Seconds
	}
	if !r.Ended.IsZero() {
		b.object.Seconds = r.Ended.Sub(r.Started).Seconds()
	} else if status == ledger.Running {
		b.object.Seconds = time.Since(r.Started).Seconds()
	}
}

func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// ErrorOf is a problem as JSON; nil for nil.
func ErrorOf(p *problem.Problem) *RunError {
	if p == nil {
		return nil
	}
	return &RunError{
		Code: p.Code, Where: some(p.Where), What: p.What, Why: some(p.Why),
		Nearest: append([]string{}, p.Nearest...), Fix: some(p.Fix),
	}
}

// handoffs is what the agents handed over: warnings of all, findings of the
// last, and the output of the last that has one, which holds those before it.
func (b *builder) handoffs() error {
	var last *handoff.Envelope
	for _, a := range b.run.Agents {
		if a.Handoff == "" {
			continue
		}
		e, err := b.ledger.Handoff(b.ctx, a.Handoff)
		if err != nil {
			return err
		}
		b.object.Warnings = append(b.object.Warnings, e.Warnings...)
		b.object.Findings = e.Metadata.Findings
		if e.OutputValidated {
			last = &e
		}
	}
	b.unusedWaivers()
	if last == nil {
		return nil
	}
	var o Outputs
	if err := o.read(*last); err != nil {
		return err
	}
	return b.outputs(o)
}

// unusedWaivers warns of what was waived but never found, once all agents that
// were asked for had their turn.
func (b *builder) unusedWaivers() {
	if b.object.Status.ExitCode() != 0 || b.object.Status == ledger.Running {
		return
	}
	for _, w := range b.run.Brief.Settings.Waivers {
		if slices.ContainsFunc(b.object.Findings, w.Covers) {
			continue
		}
		what := w.Code
		if w.Column != "" {
			what += ":" + w.Column
		}
		b.object.Warnings = append(b.object.Warnings, "the waiver of "+what+" met no finding")
	}
}

// outputs shows what the agents handed over.
func (b *builder) outputs(o Outputs) error {
	if o.Scope != nil {
		b.object.Scope = scopeOf(*o.Scope)
	}
	if o.Dataset != nil {
		b.object.Splits = o.Dataset.Splits
	}
	if o.Features != nil {
		b.object.Features = featuresOf(*o.Features)
	}
	if o.Watch != nil {
		w := o.Watch
		b.object.Observation = &Observation{Connected: w.Connected, Spans: w.Spans, Metrics: w.Metrics, Predictions: w.Predictions}
	}
	if o.Model == nil {
		return nil
	}
	if err := b.model(*o.Model); err != nil {
		return err
	}
	if d := o.Deployment; d != nil {
		b.object.Deployment = &Deployment{
			ID: d.ID, Status: d.Status, Strategy: d.Strategy, URL: some(d.URL), Slot: some(d.Slot),
			Previous: d.Previous, Evidence: &d.Evidence,
		}
		return nil
	}
	return b.tried(o.Model.Name)
}

func scopeOf(s handoff.Scope) *Scope {
	return &Scope{
		Title: s.Title, ProblemType: s.ProblemType, Target: s.Target, Label: s.Label, Classes: s.Classes,
		Entity: s.Entity, Time: s.Time, TimeParts: s.TimeParts, AsOf: s.AsOf, HorizonDays: s.HorizonDays, Filters: s.Filters,
		Exclude: s.Exclude, Metric: s.Metric, Criteria: s.Criteria, Constraints: s.Constraints,
		MinimumSamples: s.MinimumSamples, SplitBy: s.SplitBy, Unit: s.Unit, Assumptions: s.Assumptions,
	}
}

func featuresOf(f handoff.Features) *Features {
	o := &Features{Kept: []Kept{}, Dropped: f.Dropped}
	for _, k := range f.Kept {
		o.Kept = append(o.Kept, Kept{Name: k.Name, Formula: k.Formula, SourceColumns: k.SourceColumns})
	}
	return o
}

func (b *builder) model(m handoff.Model) error {
	o := &b.object
	units := m.Effort.Units
	o.Effort.Units, o.Effort.Capped = &units, m.Effort.Capped && o.Effort.Asked != fmt.Sprint(units)
	o.Metrics, o.Baselines, o.Verdicts = m.Metrics, m.Baselines, m.Verdicts
	o.Tested = &Tested{m.Sets, m.Decision, m.Groups, m.Segments, m.Learning}
	versions, err := b.ledger.Models(b.ctx, m.Name)
	if err != nil {
		return err
	}
	digest := "sha256:" + m.File.SHA256
	for _, v := range versions {
		if v.Digest == digest {
			o.Model = &Model{
				Name: v.Name, Version: v.Version, Digest: v.Digest, Path: filepath.Join(b.workspace, v.Path),
				Bytes: v.Bytes, Stage: string(v.Stage), Blessed: v.Blessed,
			}
		}
	}
	return nil
}

// tried is the run's own deployment as the history has it, also where the
// deployer could not hand one over.
func (b *builder) tried(name string) error {
	history, err := b.ledger.Deployments(b.ctx, name)
	if err != nil {
		return err
	}
	for _, d := range history {
		if d.RunID == b.run.ID {
			b.object.Deployment = &Deployment{
				ID: d.ID, Status: d.Status, Strategy: d.Strategy, URL: some(d.URL), Slot: some(d.Slot),
				Previous: d.Previous, Evidence: d.Evidence,
			}
			return nil
		}
	}
	return nil
}
