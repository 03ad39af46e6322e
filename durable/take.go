package durable

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
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
	left           *Desk // of the last attempt, until its result is recorded
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
	t.log.Info("agent started")
	t.emit(Event{What: AgentStarted, Agent: j.agent})

	payload, err := t.guard(ctx)
	span.SetAttributes(attribute.Bool("septet.reused", r.state(j.agent).Reused))
	if err != nil {
		span.SetStatus(codes.Error, statusOf(ctx, err))
		return nil, t.failed(ctx, err)
	}
	span.SetStatus(codes.Ok, "")
	if t.settings.Until == j.agent && j.agent.Next() != handoff.Caller {
		t.done = true
	}
	return payload, nil
}

// stacked is a panic that was carried from another goroutine, or that a learner
// was stopped by, with the stack that it had there.
type stacked interface {
	error
	Stack() string
}

// guard is the one place where a panic of an agent ends.
func (t *turn) guard(ctx context.Context) (payload handoff.Payload, err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := string(debug.Stack())
			if s, ok := p.(stacked); ok {
				stack = s.Stack()
			}
			t.log.Error("panic", "panic", fmt.Sprint(p), "stack", stack)
			err = &problem.Problem{
				Kind: problem.Failed, Code: "program.bug", Where: string(t.agent),
				What: fmt.Sprintf("%s met a mistake in the program and was stopped", t.agent), Why: fmt.Sprint(p),
				Fix: "septet runs show " + t.record.ID + " --log has the details; please report it",
			}
		}
	}()
	return t.run(ctx)
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
	faults, err := t.sound(&e, payload)
	if err == nil && len(faults) > 0 {
		err = t.refuse(ctx, "input", e.Output, faults)
	}
	if err != nil {
		return nil, err
	}
	if e.Metadata.OutputDigest != digest {
		return nil, fmt.Errorf("%s was given another input than %s handed over", t.agent, e.FromAgent)
	}
	return []handoff.Input{{Name: string(e.FromAgent), SHA256: digest}}, nil
}

func (t *turn) briefInputs(ctx context.Context, brief handoff.Brief) ([]handoff.Input, error) {
	if len(t.record.Files) == 0 && len(brief.Sources) > 0 {
		files, err := readSources(ctx, brief.Sources, t.locate)
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

// state is what the record says of an agent.
func (r *Run) state(a handoff.Agent) ledger.AgentState {
	for _, s := range r.record.Agents {
		if s.Agent == a {
			return s
		}
	}
	return ledger.AgentState{Agent: a}
}

// ofAgent is a change of a run's record that changes one agent's state.
func ofAgent(a handoff.Agent, change func(*ledger.AgentState)) func(*ledger.Run) {
	return func(record *ledger.Run) {
		for i := range record.Agents {
			if record.Agents[i].Agent == a {
				change(&record.Agents[i])
			}
		}
	}
}

func (t *turn) setState(ctx context.Context, change func(*ledger.AgentState)) error {
	return t.update(ctx, ofAgent(t.agent, change))
}
