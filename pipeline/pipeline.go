// Package pipeline is the order of the seven agents, and what a run of them
// looks like from outside.
//
// Run is the picture: seven lines, one an agent. Start and Resume put a record
// around it, Report makes the run object that every program reads, List and
// Why answer what a person asks about many runs.
package pipeline

import (
	"context"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
)

// Pipeline is the seven agents.
type Pipeline struct {
	Scope   durable.Step[handoff.Brief, handoff.Scope]
	Prepare durable.Step[handoff.Scope, handoff.Dataset]
	Analyze durable.Step[handoff.Dataset, handoff.Features]
	Choose  durable.Step[handoff.Features, handoff.Choice]
	Train   durable.Step[handoff.Choice, handoff.Model]
	Deploy  durable.Step[handoff.Model, handoff.Deployment]
	Observe durable.Step[handoff.Deployment, handoff.Watch]
}

// Run does the seven steps. The first error sticks, and the steps after it do
// nothing.
func (p Pipeline) Run(ctx context.Context, r *durable.Run, brief handoff.Brief) (handoff.Watch, error) {
	scope := durable.Do(ctx, r, p.Scope, brief)
	dataset := durable.Do(ctx, r, p.Prepare, scope)
	features := durable.Do(ctx, r, p.Analyze, dataset)
	choice := durable.Do(ctx, r, p.Choose, features)
	model := durable.Do(ctx, r, p.Train, choice)
	deployment := durable.Do(ctx, r, p.Deploy, model)
	watch := durable.Do(ctx, r, p.Observe, deployment)
	return watch, r.Err()
}
