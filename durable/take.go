package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// turn is one agent's turn in a run.
type turn struct {
	*Run
	job
	log      *slog.Logger
	began    time.Time
	attempts int // of this agent in this run so far

	ingredients    ingredients
	key            string
	settingsDigest string
	left           *Desk // of the last attempt, where it failed
}

// result is an output with what goes with it.
type result struct {
	payload  handoff.Payload
	data     []byte            // canonical
	findings []handoff.Finding // the agent's own, before waivers
	warnings []string
	missing  []string
	headline string
	measured map[string]float64

	here   *handoff.Envelope // of this run, which has the output already
	origin string            // id of the envelope that the output was taken from
	key    string            // under which the work is noted; "" notes nothing
}

// ingredients are what a key is made of.
type ingredients struct {
	Agent       handoff.Agent   `json:"agent"`
	StepVersion int             `json:"step_version"`
	Program     string          `json:"program"`
	Settings    json.RawMessage `json:"settings"` // those that the agent reads
	Inputs      []handoff.Input `json:"inputs"`
}

// take is an agent's turn: check in, re-use or work, check out, record.
func (r *Run) take(ctx context.Context, j job) (handoff.Payload, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	t := &turn{Run: r, job: j, log: r.log.With("agent", j.agent), began: r.now()}
	t.attempts = r.state(j.agent).Attempts
	ctx, span := r.tracer.Start(trace.ContextWithSpan(ctx, r.trunk), string(j.agent),
		trace.WithTimestamp(t.began), trace.WithAttributes(attribute.String("septet.agent", string(j.agent))))
	defer func() { span.End(trace.WithTimestamp(r.now())) }()
	if err := t.setState(ctx, func(s *ledger.AgentState) { s.Status = "running" }); err != nil {
		return nil, err
	}
	t.log.Info("agent started")
	t.emit(Event{What: AgentStarted, Agent: j.agent})

	payload, err := t.run(ctx)
	if err != nil {
		span.SetStatus(codes.Error, statusOf(ctx, err))
		return nil, t.failed(ctx, err)
	}
	span.SetStatus(codes.Ok, "")
	if t.settings.Until == j.agent {
		t.done = true
	}
	return payload, nil
}

func (t *turn) run(ctx context.Context) (handoff.Payload, error) {
	if err := t.receive(ctx); err != nil {
		return nil, err
	}
	res, err := t.find(ctx)
	if err != nil {
		return nil, err
	}
	if res == nil {
		if res, err = t.labour(ctx); err != nil {
			return nil, err
		}
	}
	return res.payload, t.hand(ctx, res)
}

// receive checks the input, once more after its producer did, and makes the
// key of the work.
func (t *turn) receive(ctx context.Context) error {
	inputs, err := t.inputs(ctx)
	if err != nil {
		return err
	}
	t.key, t.ingredients, err = t.keyFor(t.settings, inputs)
	if err != nil {
		return err
	}
	t.settingsDigest = handoff.DigestBytes(t.ingredients.Settings)
	return nil
}

// keyFor is the key of the work under the given settings.
func (t *turn) keyFor(s handoff.Settings, inputs []handoff.Input) (string, ingredients, error) {
	settings, err := handoff.Canonical(t.reads(s))
	if err != nil {
		return "", ingredients{}, fmt.Errorf("settings of %s: %w", t.agent, err)
	}
	ing := ingredients{Agent: t.agent, StepVersion: t.version, Program: t.program, Settings: settings, Inputs: inputs}
	key, err := handoff.Digest(ing)
	return key, ing, err
}

// inputs names what the work is done from by digest.
func (t *turn) inputs(ctx context.Context) ([]handoff.Input, error) {
	if brief, ok := t.input.(handoff.Brief); ok {
		return t.briefInputs(ctx, brief)
	}
	payload, ok := t.input.(handoff.Payload)
	if !ok {
		return nil, fmt.Errorf("%s takes a %T, which is no payload", t.agent, t.input)
	}
	data, err := handoff.Canonical(t.input)
	if err != nil {
		return nil, fmt.Errorf("input of %s: %w", t.agent, err)
	}
	digest := handoff.DigestBytes(data)
	name, _ := payload.Schema()
	if t.handed == "" { // the input was made by hand: there is no envelope to read it from
		faults, err := t.checker.Output(data, payload)
		if err == nil && len(faults) > 0 {
			err = t.refuse(ctx, "input", data, faults)
		}
		return []handoff.Input{{Name: name, SHA256: digest}}, err
	}
	e, err := t.ledger.Handoff(ctx, t.handed)
	if err != nil {
		return nil, err
	}
	if faults, err := t.sound(&e, t.handed, payload); err != nil || len(faults) > 0 {
		return nil, errors.Join(err, t.refuse(ctx, "input", e.Output, faults))
	}
	if e.Metadata.OutputDigest != digest {
		return nil, fmt.Errorf("%s was given another input than %s handed over", t.agent, e.FromAgent)
	}
	return []handoff.Input{{Name: string(e.FromAgent), SHA256: digest}}, nil
}

func (t *turn) briefInputs(ctx context.Context, brief handoff.Brief) ([]handoff.Input, error) {
	if len(t.record.Files) == 0 && len(brief.Sources) > 0 {
		files, err := readSources(ctx, brief.Sources)
		if err != nil {
			return nil, err
		}
		if err := t.update(ctx, func(r *ledger.Run) { r.Files = files }); err != nil {
			return nil, err
		}
	}
	digest, err := handoff.Digest(map[string]any{"request": brief.Request, "spec": brief.Spec})
	inputs := []handoff.Input{{Name: "brief", SHA256: digest}}
	for _, f := range t.record.Files {
		inputs = append(inputs, handoff.Input{Name: filepath.Base(f.Path), SHA256: f.SHA256})
	}
	return inputs, err
}

// find looks for a finished result: of the run that this one begins from, of
// this run before it was interrupted, of any run under the same key. nil
// where there is none.
func (t *turn) find(ctx context.Context) (*result, error) {
	if e, there := t.given[t.agent]; there {
		id, err := e.ID()
		if err != nil {
			return nil, err
		}
		res, err := t.reuse(ctx, e, id)
		if err == nil && res == nil {
			err = fmt.Errorf("the handoff of %s in run %s cannot be used again: its files are gone or damaged", t.agent, t.record.FromRun)
		}
		return res, err
	}
	if e, there := t.own[t.agent]; there && e.Metadata.Key == t.key && e.OutputValidated {
		id, err := e.ID()
		if err != nil {
			return nil, err
		}
		if res, err := t.reuse(ctx, e, id); res != nil || err != nil {
			if res != nil {
				res.here = &e
			}
			return res, err
		}
	}
	if t.effect {
		return nil, nil
	}
	done, err := t.ledger.Done(ctx, t.key)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e, err := t.ledger.Handoff(ctx, done.Handoff)
	if err != nil {
		return nil, err
	}
	return t.reuse(ctx, e, done.Handoff)
}

// reuse makes a result of an envelope; nil where it or a file that it refers
// to is damaged: what is damaged is taken away, and the work is done again.
func (t *turn) reuse(ctx context.Context, e handoff.Envelope, id string) (*result, error) {
	faults, err := t.sound(&e, id, t.zero)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		t.log.Warn("a noted handoff does not pass its checks; doing the work again", "handoff", id)
		return nil, t.quarantine(ctx, "re-use", e.Output, faults)
	}
	payload, err := t.decode(e.Output)
	if err != nil {
		return nil, err
	}
	for _, ref := range handoff.Refs(payload) {
		if err := t.artifacts.Verify(ref); err != nil {
			t.log.Warn("a file of a noted handoff is gone or damaged; doing the work again", "kind", ref.Kind, "sha256", ref.SHA256)
			return nil, t.artifacts.Discard(ref)
		}
	}
	if !t.holds(ctx, t.newDesk(), payload) {
		t.log.Info("what the result describes does not hold any more; doing the work again", "handoff", id)
		return nil, nil
	}
	own, err := t.ownFindings(ctx, e, id)
	if err != nil {
		return nil, err
	}
	return &result{
		payload: payload, data: e.Output, findings: own, warnings: e.Warnings,
		missing: e.Metadata.Missing, headline: e.Metadata.Headline, origin: id,
	}, nil
}

// ownFindings are what the agent itself found, before waivers.
func (t *turn) ownFindings(ctx context.Context, e handoff.Envelope, id string) ([]handoff.Finding, error) {
	if e.Metadata.ReusedFrom != nil {
		id = *e.Metadata.ReusedFrom
	}
	done, err := t.ledger.DoneBy(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("findings of handoff %s: %w", id, err)
	}
	return done.Findings, nil
}

// sound gives the faults of an envelope that comes out of the ledger. One of
// an older version is upgraded first.
func (t *turn) sound(e *handoff.Envelope, id string, zero handoff.Payload) ([]handoff.Fault, error) {
	is, err := e.ID()
	if err != nil {
		return nil, err
	}
	if is != id {
		return []handoff.Fault{{Reason: "is not what its id says", Fix: "septet verify"}}, nil
	}
	if *e, err = handoff.Upgrade(*e, zero); err != nil {
		return []handoff.Fault{{Pointer: "/schema_version", Reason: err.Error(), Fix: "do the work again"}}, nil
	}
	return t.checker.Envelope(*e, zero)
}

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
	id, reused := "", res.origin != ""
	if res.here != nil && res.here.Status == status {
		id = res.origin
	} else {
		e, err := t.envelope(res, findings, status)
		if err != nil {
			return err
		}
		if id, err = t.put(ctx, e, res); err != nil {
			return err
		}
	}
	t.handed, t.findings = id, findings
	for i, f := range own {
		if f.Action != res.findings[i].Action {
			t.emit(Event{What: Found, Agent: t.agent, Finding: &f})
		}
	}
	word := string(status)
	if blocked {
		word = "blocked"
	}
	seconds := t.now().Sub(t.began).Seconds()
	if res.here != nil {
		seconds = res.here.Metadata.Duration
	}
	err := t.setState(ctx, func(s *ledger.AgentState) {
		s.Status, s.Seconds, s.Reused, s.Handoff, s.Headline = word, seconds, reused, id, res.headline
	})
	t.log.Info("agent finished", "status", word, "seconds", seconds, "reused", reused)
	t.emit(Event{What: AgentFinished, Agent: t.agent, Status: word, Seconds: seconds, Reused: reused, Text: res.headline})
	if blocked && err == nil {
		return gateSays(own)
	}
	return err
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
func (t *turn) envelope(res *result, findings []handoff.Finding, status handoff.Status) (handoff.Envelope, error) {
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
	return e, nil
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

// put validates the envelope and writes it to the ledger. An invalid one is
// quarantined.
func (t *turn) put(ctx context.Context, e handoff.Envelope, res *result) (string, error) {
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
	id, err := t.ledger.Record(context.WithoutCancel(ctx), e, done)
	if err != nil {
		return "", err
	}
	t.record.Head, t.record.Count = id, e.Metadata.Sequence
	return id, nil
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

// state is what the record says of an agent.
func (r *Run) state(a handoff.Agent) ledger.AgentState {
	for _, s := range r.record.Agents {
		if s.Agent == a {
			return s
		}
	}
	return ledger.AgentState{Agent: a}
}

func (r *Run) setAgent(ctx context.Context, a handoff.Agent, change func(*ledger.AgentState)) error {
	return r.update(ctx, func(record *ledger.Run) {
		for i := range record.Agents {
			if record.Agents[i].Agent == a {
				change(&record.Agents[i])
			}
		}
	})
}

func (t *turn) setState(ctx context.Context, change func(*ledger.AgentState)) error {
	return t.setAgent(ctx, t.agent, change)
}
