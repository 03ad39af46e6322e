// Package analyze is the feature analyzer: it fits the transformation from
// raw columns to features on the training rows, and measures on the
// validation rows what each feature is worth.
package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/rowfile"
)

// Step is the agent. probe is the learner whose reliance on each feature is
// measured; it needs no transformation of its own.
func Step(probe learn.Learner) durable.Step[handoff.Dataset, handoff.Features] {
	return durable.Step[handoff.Dataset, handoff.Features]{
		Agent:   handoff.FeatureAnalyzer,
		Version: 1,
		Reads:   func(s handoff.Settings) any { return s.Seed },
		Work: func(ctx context.Context, d *durable.Desk, in handoff.Dataset) (handoff.Features, error) {
			return analyze(ctx, d, probe, in)
		},
	}
}

func analyze(ctx context.Context, d *durable.Desk, probe learn.Learner, in handoff.Dataset) (handoff.Features, error) {
	fit, err := rowfile.Read(d.Artifacts, in, in.Rows.Fit)
	if err != nil {
		return handoff.Features{}, err
	}
	train, valid := fit.Part(rowfile.Train), fit.Part(rowfile.Validation)
	order := ""
	if in.Scope.Time != nil {
		order = *in.Scope.Time
	}
	transform, dropped, err := feature.Fit(fit.Inputs, fit.Rules, train, feature.Options{Order: order})
	if err != nil {
		return handoff.Features{}, err
	}
	if len(transform.Features) == 0 {
		return handoff.Features{}, noFeatures(len(fit.Inputs.Columns))
	}
	out := handoff.Features{Dataset: in, Dropped: []handoff.Dropped{}, Interactions: []handoff.Interaction{}}
	for _, x := range dropped {
		out.Dropped = append(out.Dropped, handoff.Dropped(x))
	}
	features, err := transform.Apply(fit.Inputs)
	if err != nil {
		return handoff.Features{}, err
	}
	data := fit.Data(features)
	worth, err := measure(ctx, d, probe, data, train, valid, in.Scope.Metric)
	if err != nil {
		return handoff.Features{}, err
	}
	out.Kept = describe(transform, worth.importance)
	out.Interactions = worth.interactions
	out.Transform, err = d.Artifacts.Put(ctx, "transform", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(transform)
	})
	if err != nil {
		return handoff.Features{}, err
	}
	d.Say(headline(out))
	return out, nil
}

// describe lists the features as a person reads them. importance is nil where
// it could not be measured.
func describe(t *feature.Transform, importance []float64) []handoff.Feature {
	ranks := rank(importance)
	kept := make([]handoff.Feature, len(t.Features))
	for i := range t.Features {
		f := &t.Features[i]
		kept[i] = handoff.Feature{Name: f.Name, Kind: "number", Formula: f.Formula, SourceColumns: t.Sources(f), Rank: i + 1}
		if f.Op == feature.Category {
			kept[i].Kind = "category"
		}
		if importance == nil {
			continue
		}
		kept[i].Rank = ranks[i]
		if !math.IsNaN(importance[i]) {
			kept[i].Importance = &importance[i]
		}
	}
	return kept
}

func headline(out handoff.Features) string {
	best := ""
	for _, f := range out.Kept {
		if f.Rank == 1 && f.Importance != nil {
			best = " · most telling: " + f.Name
		}
	}
	return fmt.Sprintf("%d of %d kept%s", len(out.Kept), len(out.Kept)+len(out.Dropped), best)
}
