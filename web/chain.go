package web

import (
	"context"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/pipeline"
)

// chain is what the agents of a run have handed on, with what they found.
type chain struct {
	pipeline.Outputs
	Findings []handoff.Finding // of the whole run, the worst first
	Warnings []string
}

// chainOf reads a run's handoffs.
func chainOf(ctx context.Context, l ledger.Handoffs, run string) (chain, error) {
	outputs, err := pipeline.OutputsOf(ctx, l, run)
	c := chain{Outputs: outputs}
	for _, e := range c.Envelopes {
		c.Warnings = append(c.Warnings, e.Warnings...)
		c.Findings = slices.Clone(e.Metadata.Findings)
	}
	weight := map[handoff.Severity]int{handoff.Blocking: 0, handoff.Warning: 1, handoff.Info: 2}
	slices.SortStableFunc(c.Findings, func(a, b handoff.Finding) int { return weight[a.Severity] - weight[b.Severity] })
	return c, err
}

// Higher tells which way the primary metric is better.
func (c chain) Higher() string {
	if c.Scope != nil && metric.HigherIsBetter(metric.Name(c.Scope.Metric)) {
		return "higher is better"
	}
	return "lower is better"
}
