package pipeline

import (
	"context"
	"fmt"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// Outputs are what the agents of a run have handed on so far. A part is nil
// while no agent has given it.
type Outputs struct {
	Envelopes []handoff.Envelope // in their order, failed ones too

	Scope      *handoff.Scope
	Dataset    *handoff.Dataset
	Features   *handoff.Features
	Choice     *handoff.Choice
	Model      *handoff.Model
	Deployment *handoff.Deployment
	Watch      *handoff.Watch
}

// OutputsOf reads the handoffs of a run. The last sound one has all those
// before it inside.
func OutputsOf(ctx context.Context, l ledger.Handoffs, runID string) (Outputs, error) {
	var o Outputs
	var err error
	if o.Envelopes, err = l.Handoffs(ctx, runID); err != nil {
		return o, fmt.Errorf("outputs of run %s: %w", runID, err)
	}
	var last *handoff.Envelope
	for i, e := range o.Envelopes {
		if e.OutputValidated && (last == nil || !last.FromAgent.After(e.FromAgent)) {
			last = &o.Envelopes[i]
		}
	}
	if last == nil {
		return o, nil
	}
	if err := o.read(*last); err != nil {
		return o, fmt.Errorf("outputs of run %s: %w", runID, err)
	}
	return o, nil
}

func (o *Outputs) read(e handoff.Envelope) error {
	switch e.FromAgent {
	case handoff.ScopeDefiner:
		return show(e, func(s handoff.Scope) error { o.Scope = &s; return nil })
	case handoff.DataPreparer:
		return show(e, o.dataset)
	case handoff.FeatureAnalyzer:
		return show(e, o.features)
	case handoff.ModelSelector:
		return show(e, o.choice)
	case handoff.ModelTrainer:
		return show(e, o.model)
	case handoff.ModelDeployer:
		return show(e, o.deployment)
	case handoff.ObservabilityConnector:
		return show(e, func(w handoff.Watch) error {
			o.Watch = &w
			return o.deployment(w.Deployment)
		})
	}
	return fmt.Errorf("handoff of unknown agent %q", e.FromAgent)
}

// show decodes an envelope's output, of whatever version.
func show[P handoff.Payload](e handoff.Envelope, with func(P) error) error {
	var zero P
	e, err := handoff.Upgrade(e, zero)
	if err != nil {
		return err
	}
	payload, err := handoff.Decode[P](e.Output)
	if err != nil {
		return err
	}
	return with(payload)
}

func (o *Outputs) dataset(d handoff.Dataset) error {
	o.Dataset, o.Scope = &d, &d.Scope
	return nil
}

func (o *Outputs) features(f handoff.Features) error {
	o.Features = &f
	return o.dataset(f.Dataset)
}

func (o *Outputs) choice(c handoff.Choice) error {
	o.Choice = &c
	return o.features(c.Features)
}

func (o *Outputs) model(m handoff.Model) error {
	o.Model = &m
	return o.choice(m.Choice)
}

func (o *Outputs) deployment(d handoff.Deployment) error {
	o.Deployment = &d
	return o.model(d.Model)
}
