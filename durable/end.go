package durable

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// failed records how an agent's turn went wrong, and gives the error on. The
// turn of a gate that said no after the work is recorded already.
func (t *turn) failed(ctx context.Context, err error) error {
	var gate *gateError
	if errors.As(err, &gate) {
		return err
	}
	status := statusOf(ctx, err)
	seconds := t.now().Sub(t.began).Seconds()
	t.log.Error("agent finished", "status", status, "seconds", seconds, "error", err.Error())
	if p, ok := errors.AsType[stacked](err); ok {
		t.log.Error("panic", "panic", p.Error(), "stack", p.Stack())
	}
	if status == "pending" { // interrupted: nothing to record but that
		return errors.Join(err, t.setState(ctx, func(s *ledger.AgentState) { s.Status, s.Seconds = status, seconds }))
	}
	t.emit(Event{What: AgentFinished, Agent: t.agent, Status: status, Seconds: seconds})
	state := func(s *ledger.AgentState) { s.Status, s.Seconds, s.Handoff = status, seconds, "" }
	recordErr := t.recordFailure(ctx, err, state)
	if recordErr != nil { // at least the state
		recordErr = errors.Join(recordErr, t.setState(ctx, state))
		t.log.Error("failure not recorded", "error", recordErr.Error())
	}
	return err
}

// recordFailure writes the envelope of a failed agent: no output, the
// findings so far, and why.
func (t *turn) recordFailure(ctx context.Context, err error, state func(*ledger.AgentState)) error {
	if t.key == "" { // it did not get as far as its input
		return t.setState(ctx, state)
	}
	var own []handoff.Finding
	var res result
	if t.left != nil {
		t.left.blockOn(err)
		own, res.warnings, res.headline = t.left.state.findings, t.left.state.warnings, t.left.state.headline
	}
	handoff.Waive(own, t.settings.Waivers)
	t.findings = append(t.findings, own...)
	e := t.envelope(&res, t.findings, handoff.Failed)
	e.Metadata.Error = t.errorOf(err)
	_, putErr := t.put(ctx, e, &res, state)
	return putErr
}

// blockOn makes a blocking finding of a problem that blocks.
func (d *Desk) blockOn(err error) {
	p := problem.As(err)
	if p == nil || p.Kind != problem.Blocked {
		return
	}
	for _, f := range d.state.findings {
		if f.Code == p.Code && f.Severity == handoff.Blocking {
			return
		}
	}
	evidence := p.What
	if p.Why != "" {
		evidence += " (" + p.Why + ")"
	}
	f := handoff.Finding{
		Code: p.Code, Severity: handoff.Blocking, Action: handoff.Stopped,
		Evidence: evidence, Fix: p.Fix,
	}
	f.Table, f.Column = d.run.placeOf(p.Where)
	d.Find(f)
}

// placeOf reads where a problem is: a source file, or table.column.
func (r *Run) placeOf(where string) (table, column *string) {
	for _, f := range r.record.Files {
		if name := filepath.Base(f.Path); strings.HasPrefix(filepath.Base(where), name) {
			name, _, _ = strings.Cut(name, ".")
			return &name, nil
		}
	}
	t, c, ok := strings.Cut(where, ".")
	if !ok || t == "" || c == "" || strings.ContainsAny(where, `/\: `) {
		return nil, nil
	}
	return &t, &c
}

// errorOf is an error as an envelope may hold it.
func (t *turn) errorOf(err error) *handoff.Error {
	p := asProblem(err)
	return &handoff.Error{Code: p.Code, What: t.scrub(p.What)}
}

// scrub takes the places of this machine out of a text.
func (r *Run) scrub(text string) string {
	for _, place := range r.private() {
		if len(place) > 1 {
			text = strings.ReplaceAll(text, place, "…")
		}
	}
	return text
}

// asProblem is the error as a person sees it.
func asProblem(err error) *problem.Problem {
	if p := problem.As(err); p != nil {
		return p
	}
	var ask *NeedsInput
	if errors.As(err, &ask) {
		return &problem.Problem{Kind: problem.Blocked, Code: "scope.needs_input", What: ask.Error(), Fix: "answer with --set ID=VALUE, or take the defaults with --yes"}
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &problem.Problem{
			Kind: problem.Failed, Code: "workspace.full", What: "the disk of the workspace is full",
			Fix: "make room, then resume the run", Cause: err,
		}
	}
	return &problem.Problem{Kind: problem.Failed, Code: "run.failed", What: err.Error(), Cause: err}
}

// statusOf is the agent's status after err.
func statusOf(ctx context.Context, err error) string {
	var ask *NeedsInput
	var gate *gateError
	p := problem.As(err)
	switch {
	case cancelled(ctx, err):
		return "pending"
	case errors.As(err, &ask):
		return "needs_input"
	case errors.As(err, &gate), p != nil && p.Kind == problem.Blocked:
		return "blocked"
	}
	return "failed"
}

// skip notes that an agent does not work in this run.
func (r *Run) skip(ctx context.Context, a handoff.Agent) {
	if r.cut {
		return
	}
	if err := r.update(ctx, ofAgent(a, func(s *ledger.AgentState) { s.Status = "skipped" })); err != nil {
		r.Fail(err)
		return
	}
	r.emit(Event{What: AgentFinished, Agent: a, Status: "skipped"})
}

// End records how the run ended and closes its files. It gives the run's last
// record.
func (r *Run) End(ctx context.Context) (ledger.Run, error) {
	status, exit := r.outcome()
	var p *problem.Problem
	var ask *NeedsInput
	if r.err != nil && status != ledger.Interrupted {
		p = asProblem(r.err)
	}
	errors.As(r.err, &ask)
	err := r.update(ctx, func(record *ledger.Run) {
		record.Status, record.Exit, record.Problem, record.Ended = status, exit, p, r.now().UTC()
		if ask != nil {
			record.Ask = ask.Questions
		}
	})
	r.log.Info("run finished", "status", status, "exit", exit)
	r.emit(Event{What: RunFinished, Run: status, Problem: p, Questions: r.record.Ask, Seconds: r.now().Sub(r.began).Seconds()})
	return r.record, errors.Join(err, r.closeAll())
}

// outcome is the run's status and the command's exit status.
func (r *Run) outcome() (ledger.Status, int) {
	var ask *NeedsInput
	var not *NotDeployed
	var gate *gateError
	p := problem.As(r.err)
	status := ledger.Failed
	switch {
	case r.err == nil && r.done && r.settings.Plan:
		status = ledger.Planned
	case r.err == nil && r.done:
		status = ledger.Partial
	case r.err == nil:
		status = ledger.Completed
	case r.cut:
		status = ledger.Interrupted
	case errors.As(r.err, &ask):
		status = ledger.NeedsInput
	case errors.As(r.err, &not):
		status = ledger.NotDeployed
	case errors.As(r.err, &gate), p != nil && p.Kind == problem.Blocked:
		status = ledger.Blocked
	case p != nil && p.Kind == problem.Usage:
		return ledger.Failed, p.ExitCode()
	}
	return status, status.ExitCode()
}
