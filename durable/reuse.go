package durable

import (
	"context"
	"errors"
	"fmt"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// find looks for a finished result: of this run before it was interrupted, of
// the run that this one begins from, of any run under the same key. nil where
// there is none.
func (t *turn) find(ctx context.Context) (*result, error) {
	if e, there := t.own[t.agent]; there && e.Metadata.Key == t.key && e.OutputValidated {
		res, err := t.reuse(ctx, e)
		if res != nil {
			res.here = &e
		}
		if res != nil || err != nil {
			return res, err
		}
	}
	if e, there := t.given[t.agent]; there {
		res, err := t.reuse(ctx, e)
		if err == nil && res == nil {
			err = fmt.Errorf("the handoff of %s in run %s cannot be used again: it or its files are gone or damaged", t.agent, t.record.FromRun)
		}
		return res, err
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
	return t.reuse(ctx, e)
}

// reuse makes a result of an envelope; nil where it or a file that it refers
// to is damaged: what is damaged is taken away, and the work is done again.
func (t *turn) reuse(ctx context.Context, e handoff.Envelope) (*result, error) {
	id, err := e.ID()
	if err != nil {
		return nil, err
	}
	faults, err := t.sound(&e, t.zero)
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
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &result{
		payload: payload, data: e.Output, findings: own, warnings: e.Warnings,
		missing: e.Metadata.Missing, headline: e.Metadata.Headline, origin: id,
	}, nil
}

// ownFindings are what the agent itself found, before waivers. Where two runs
// did the same work at once, the one that ended first has noted it for both.
func (t *turn) ownFindings(ctx context.Context, e handoff.Envelope, id string) ([]handoff.Finding, error) {
	if e.Metadata.ReusedFrom != nil {
		id = *e.Metadata.ReusedFrom
	}
	done, err := t.ledger.DoneBy(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		done, err = t.ledger.Done(ctx, e.Metadata.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("findings of handoff %s: %w", id, err)
	}
	return done.Findings, nil
}

// sound gives the faults of an envelope that comes out of the ledger, which
// has held it against its id. One of an older version is upgraded first.
func (t *turn) sound(e *handoff.Envelope, zero handoff.Payload) (faults []handoff.Fault, err error) {
	if *e, err = handoff.Upgrade(*e, zero); err != nil {
		return []handoff.Fault{{Pointer: "/schema_version", Reason: err.Error(), Fix: "do the work again"}}, nil
	}
	return t.checker.Envelope(*e, zero)
}
