package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/pipeline"
)

// anyRun is what --warm-start means without a run.
const anyRun = "any"

// mostWarm is how many earlier runs are looked at: the newest.
const mostWarm = 20

// warmStart is the handoffs of the models whose runs may order the work of a
// new one: that of the run that is named, or of the newest in the workspace.
// nil where nobody asked.
func warmStart(ctx context.Context, l ledger.Ledger, asked string) ([]string, error) {
	switch asked {
	case "":
		return nil, nil
	case anyRun:
		runs, err := l.ListRuns(ctx, 0)
		if err != nil {
			return nil, err
		}
		ids := []string{}
		for _, r := range runs {
			if id := madeBy(r); id != "" && !slices.Contains(ids, id) && len(ids) < mostWarm {
				ids = append(ids, id)
			}
		}
		return ids, nil
	}
	id, err := pipeline.Find(ctx, l, asked)
	if err != nil {
		return nil, err
	}
	run, err := l.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if model := madeBy(run); model != "" {
		return []string{model}, nil
	}
	return nil, usage("usage.value", "--warm-start", fmt.Sprintf("run %s has made no model to begin from", id), "name a run whose training ended, or give --warm-start alone")
}

// madeBy is the handoff of the model that a run made; "" for none.
func madeBy(r ledger.Run) string {
	for _, s := range r.Agents {
		if s.Agent == handoff.ModelTrainer && s.Status == string(handoff.Success) {
			return s.Handoff
		}
	}
	return ""
}
