package durable

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// hand records the result as an envelope and holds the findings against the
// gates. The output stands even where a gate says no.
func (t *turn) hand(ctx context.Context, res *result) error {
	own := slices.Clone(res.findings)
	blocked := handoff.Waive(own, t.settings.Waivers)
	desk := t.newDesk()
	desk.Blocked = blocked
	if err := t.keep(ctx, desk, res.payload); err != nil {
		return err
	}
	findings := append(slices.Clone(t.findings), own...)
	status := handoff.Success
	switch {
	case blocked:
		status = handoff.Failed
	case len(res.missing) > 0:
		status = handoff.Partial
	}
	word, reused := string(status), res.origin != ""
	if blocked {
		word = "blocked"
	}
	seconds := t.now().Sub(t.began).Seconds()
	if res.here != nil {
		seconds = res.here.Metadata.Duration
	}
	id, err := t.settle(ctx, res, t.envelope(res, findings, status), func(s *ledger.AgentState) {
		s.Status, s.Seconds, s.Reused, s.Headline = word, seconds, reused, res.headline
	})
	if err != nil {
		return err
	}
	t.handed, t.findings, t.left = id, findings, nil
	if reused { // nobody has heard of these in this run
		for _, f := range res.findings {
			t.emit(Event{What: Found, Agent: t.agent, Finding: &f})
		}
		for _, text := range res.warnings {
			t.emit(Event{What: Warned, Agent: t.agent, Text: text})
		}
	}
	for i, f := range own {
		if f.Action != res.findings[i].Action {
			t.emit(Event{What: Found, Agent: t.agent, Finding: &f})
		}
	}
	t.log.Info("agent finished", "status", word, "seconds", seconds, "reused", reused)
	t.emit(Event{What: AgentFinished, Agent: t.agent, Status: word, Seconds: seconds, Reused: reused, Text: res.headline})
	if blocked {
		return gateSays(own)
	}
	return nil
}

// settle records the envelope and the agent's new state. Where the run has an
// envelope with the output already, which says the same, that one stands.
func (t *turn) settle(ctx context.Context, res *result, e handoff.Envelope, state func(*ledger.AgentState)) (id string, err error) {
	if res.here == nil || res.here.Status != e.Status {
		return t.put(ctx, e, res, state)
	}
	return res.origin, t.setState(ctx, func(s *ledger.AgentState) {
		state(s)
		s.Handoff = res.origin
	})
}

// gateSays is the first blocking finding as an error.
func gateSays(findings []handoff.Finding) error {
	for _, f := range findings {
		if f.Severity == handoff.Blocking && f.Action != handoff.Waived {
			return &gateError{f}
		}
	}
	return nil
}

// envelope puts the result into one.
func (t *turn) envelope(res *result, findings []handoff.Finding, status handoff.Status) handoff.Envelope {
	_, version := t.zero.Schema()
	e := handoff.Envelope{
		FromAgent: t.agent, ToAgent: t.agent.Next(), Timestamp: t.now().UTC(), Status: status,
		Output: res.data, Metadata: t.metadata(findings), Warnings: nonNil(res.warnings),
		OutputValidated: res.data != nil, SchemaVersion: version,
	}
	if res.data != nil {
		e.Metadata.OutputDigest = handoff.DigestBytes(res.data)
	}
	if res.origin != "" {
		origin := res.origin
		e.Metadata.ReusedFrom = &origin
	}
	e.Metadata.Headline = res.headline
	e.Metadata.Missing = nonNil(res.missing)
	if res.measured != nil {
		e.Metadata.Measurements = res.measured
	}
	return e
}

func (t *turn) metadata(findings []handoff.Finding) handoff.Metadata {
	name, _ := t.zero.Schema()
	m := handoff.Metadata{
		RunID: t.record.ID, Sequence: t.record.Count + 1, Attempt: max(t.attempts, 1),
		Duration: t.now().Sub(t.began).Seconds(), Seed: t.settings.Seed,
		ProgramVersion: t.program, StepVersion: t.version, Schema: name, Key: t.key,
		SettingsDigest: t.settingsDigest, Inputs: t.ingredients.Inputs,
		Missing: []string{}, Findings: nonNil(findings), Measurements: map[string]float64{},
	}
	if t.record.Head != "" {
		head := t.record.Head
		m.Previous = &head
	}
	return m
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// put validates the envelope and writes it to the ledger, with its work and
// the agent's new state. An invalid one is quarantined.
func (t *turn) put(ctx context.Context, e handoff.Envelope, res *result, state func(*ledger.AgentState)) (string, error) {
	faults, err := t.checker.Envelope(e, t.zero, t.private()...)
	if err != nil {
		return "", err
	}
	if len(faults) > 0 {
		return "", t.refuse(ctx, "output", e.Output, faults)
	}
	var done *ledger.Done
	if res.key != "" {
		made, err := handoff.Canonical(t.ingredients)
		if err != nil {
			return "", err
		}
		done = &ledger.Done{Key: res.key, Findings: nonNil(res.findings), Ingredients: made}
	}
	return t.ledger.Record(context.WithoutCancel(ctx), e, done, func(r *ledger.Run) {
		ofAgent(t.agent, func(s *ledger.AgentState) {
			state(s)
			s.Handoff = r.Head
		})(r)
		t.record = *r
	})
}

// private are texts that no envelope may hold: where things lie on this
// machine.
func (r *Run) private() []string {
	texts := []string{r.workspace}
	for _, s := range r.record.Brief.Sources {
		texts = append(texts, s.Path)
	}
	for _, f := range r.record.Files {
		texts = append(texts, f.Path)
	}
	return texts
}

// refuse quarantines a document and says so.
func (t *turn) refuse(ctx context.Context, seam string, document []byte, faults []handoff.Fault) error {
	if err := t.quarantine(ctx, seam, document, faults); err != nil {
		return err
	}
	first := faults[0]
	p := &problem.Problem{
		Kind: problem.Failed, Code: "handoff.invalid", Where: string(t.agent) + " " + seam + " " + first.Pointer,
		What: fmt.Sprintf("the handoff is not valid: %s %s", first.Pointer, first.Reason), Fix: first.Fix,
	}
	if n := len(faults) - 1; n > 0 {
		p.Why = fmt.Sprintf("and %d more faults: septet runs handoffs %s", n, t.record.ID)
	}
	return p
}

func (t *turn) quarantine(ctx context.Context, seam string, document []byte, faults []handoff.Fault) error {
	for _, f := range faults {
		t.log.Error("handoff refused", "seam", seam, "pointer", f.Pointer, "reason", f.Reason)
	}
	if !json.Valid(document) {
		document = nil
	}
	return t.ledger.Quarantine(context.WithoutCancel(ctx), ledger.Refused{
		RunID: t.record.ID, Agent: t.agent, Seam: seam, Document: document, Faults: faults, At: t.now().UTC(),
	})
}
