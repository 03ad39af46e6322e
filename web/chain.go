package web

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// chain is what the agents of a run have handed on so far. A part is nil while
// its agent has given nothing.
type chain struct {
	Scope      *handoff.Scope
	Dataset    *handoff.Dataset
	Features   *handoff.Features
	Choice     *handoff.Choice
	Model      *handoff.Model
	Deployment *handoff.Deployment
	Watch      *handoff.Watch

	Envelopes []handoff.Envelope
	Findings  []handoff.Finding // of the whole run
	Warnings  []string
}

// chainOf reads a run's handoffs.
func (s *Site) chainOf(ctx context.Context, run string) (chain, error) {
	var c chain
	var err error
	if c.Envelopes, err = s.ledger.Handoffs(ctx, run); err != nil {
		return c, err
	}
	for _, e := range c.Envelopes {
		c.Warnings = append(c.Warnings, e.Warnings...)
		c.Findings = e.Metadata.Findings
		if !e.OutputValidated {
			continue
		}
		if err := c.take(e); err != nil {
			return c, fmt.Errorf("read the handoff of %s: %w", e.FromAgent, err)
		}
	}
	return c, nil
}

// take decodes an output. Each payload holds the one before it.
func (c *chain) take(e handoff.Envelope) error {
	into := map[handoff.Agent]any{
		handoff.ScopeDefiner: &c.Scope, handoff.DataPreparer: &c.Dataset, handoff.FeatureAnalyzer: &c.Features,
		handoff.ModelSelector: &c.Choice, handoff.ModelTrainer: &c.Model, handoff.ModelDeployer: &c.Deployment,
		handoff.ObservabilityConnector: &c.Watch,
	}[e.FromAgent]
	if into == nil {
		return fmt.Errorf("no agent %q", e.FromAgent)
	}
	if err := json.Unmarshal(e.Output, into); err != nil {
		return err
	}
	c.fill()
	return nil
}

// fill completes the chain backwards, for a run that began in the middle.
func (c *chain) fill() {
	if c.Watch != nil && c.Deployment == nil {
		c.Deployment = &c.Watch.Deployment
	}
	if c.Deployment != nil && c.Model == nil {
		c.Model = &c.Deployment.Model
	}
	if c.Model != nil && c.Choice == nil {
		c.Choice = &c.Model.Choice
	}
	if c.Choice != nil && c.Features == nil {
		c.Features = &c.Choice.Features
	}
	if c.Features != nil && c.Dataset == nil {
		c.Dataset = &c.Features.Dataset
	}
	if c.Dataset != nil && c.Scope == nil {
		c.Scope = &c.Dataset.Scope
	}
}

// isLive tells whether the run still changes.
func isLive(status ledger.Status) bool { return status == ledger.Running }
