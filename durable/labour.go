package durable

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// labour does the work, as often as the policy allows.
func (t *turn) labour(ctx context.Context) (*result, error) {
	wait := t.policy.Backoff
	for try := 1; ; try++ {
		t.attempts++
		if err := t.setState(ctx, func(s *ledger.AgentState) { s.Status, s.Attempts = "running", t.attempts }); err != nil {
			return nil, err
		}
		res, err := t.attempt(ctx)
		if err == nil || !canRetry(err) || try >= t.policy.Attempts || ctx.Err() != nil {
			return res, err
		}
		t.log.Warn("attempt failed, trying again", "attempt", try, "wait", wait.Seconds(), "error", err.Error())
		t.emit(Event{What: Retrying, Agent: t.agent, Text: err.Error(), Seconds: wait.Seconds()})
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
		wait = min(2*wait, MaxBackoff)
	}
}

// pause waits, or ends with ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errTimeout ends an attempt whose time is over.
var errTimeout = errors.New("time-out of the attempt")

// attempt does the work once.
func (t *turn) attempt(ctx context.Context) (*result, error) {
	inner := ctx
	if t.policy.Timeout > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeoutCause(ctx, t.policy.Timeout, errTimeout)
		defer cancel()
	}
	desk := t.newDesk()
	t.left = desk
	payload, err := t.work(inner, desk)
	if err != nil && ctx.Err() == nil && context.Cause(inner) == errTimeout {
		err = &problem.Problem{
			Kind: problem.Failed, Code: "agent.timeout", Where: string(t.agent),
			What: fmt.Sprintf("%s did not end within %s", t.agent, t.policy.Timeout), Cause: err,
			Fix: "give it less data or a smaller effort",
		}
	}
	if err != nil {
		return nil, err
	}
	return t.collect(desk, payload)
}

func (t *turn) newDesk() *Desk {
	settings := t.settings
	if settings.Threads == 0 {
		settings.Threads = runtime.GOMAXPROCS(0)
	}
	return &Desk{
		RunID: t.record.ID, Agent: t.agent, Settings: settings, Artifacts: t.artifacts, Ledger: t.ledger,
		Log: t.log, Workspace: t.workspace, run: t.Run, key: t.key,
	}
}

// collect takes what the agent made and left on its desk.
func (t *turn) collect(d *Desk, payload handoff.Payload) (*result, error) {
	for _, gate := range t.gates {
		if !d.state.checked[gate] {
			d.Find(handoff.Finding{
				Code: "gate.skipped", Severity: handoff.Blocking, Column: &gate, Action: handoff.Stopped,
				Evidence: "the check " + gate + " was not made",
				Fix:      "run again, or take it on: --waive gate.skipped:" + gate + "=REASON",
			})
		}
	}
	payload, data, err := t.encode(payload)
	if err != nil {
		return nil, err
	}
	d.state.Lock()
	defer d.state.Unlock()
	res := &result{
		payload: payload, data: data, findings: d.state.findings, warnings: d.state.warnings,
		missing: d.state.missing, headline: d.state.headline, measured: d.state.measured, key: t.key,
	}
	if units := d.state.capped; units > 0 {
		// Whoever asks for that many units finds it; whoever asks for what was
		// asked here does not.
		settings := t.settings
		settings.Effort = strconv.Itoa(units)
		res.key, t.ingredients, err = t.keyFor(settings, t.ingredients.Inputs)
	}
	return res, err
}
