// Package analyze is the feature analyzer: it fits the transformation from
// raw columns to features on the training rows, and measures on the
// validation rows what each feature is worth.
package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

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
		Version: 7,
		Reads:   func(s handoff.Settings) any { return s.Seed },
		Work: func(ctx context.Context, d *durable.Desk, in handoff.Dataset) (handoff.Features, error) {
			return analyze(ctx, d, probe, in)
		},
	}
}

func analyze(ctx context.Context, d *durable.Desk, probe learn.Learner, in handoff.Dataset) (handoff.Features, error) {
	fit, err := rowfile.Read(d.Artifacts, in, in.Rows.Fit, nil)
	if err != nil {
		return handoff.Features{}, err
	}
	out := handoff.Features{Dataset: in, Dropped: []handoff.Dropped{}, Interactions: []handoff.Interaction{}}
	var made *made
	order := ""
	if in.Events != nil {
		if made, err = makePoints(ctx, d, in, fit); err != nil {
			return out, err
		}
		defer made.close()
	} else if in.Scope.Time != nil {
		order = *in.Scope.Time
	}
	train, valid := fit.Part(rowfile.Train), fit.Part(rowfile.Validation)
	transform, dropped, err := feature.Fit(fit.Inputs, fit.Rules, train, feature.Options{Order: order})
	if err != nil {
		return out, err
	}
	if len(transform.Features) == 0 {
		return out, noFeatures(len(fit.Inputs.Columns))
	}
	features, err := transform.Apply(fit.Inputs)
	if err != nil {
		return out, err
	}
	worth, err := measure(ctx, d, probe, fit.Data(features), train, valid, in.Scope.Metric)
	if err != nil {
		return out, err
	}
	if worth.importance == nil {
		d.Partial("importance", "shap", "curves", "interactions")
	}
	transform, worth, unused := prune(transform, worth)
	for _, x := range append(dropped, unused...) {
		out.Dropped = append(out.Dropped, handoff.Dropped(x))
	}
	out.Kept, out.Interactions = describe(transform, worth, in.Scope), worth.interactions
	if made != nil {
		if out.Points, err = made.store(ctx, d, transform, out.Kept); err != nil {
			return out, err
		}
	}
	out.Transform, err = d.Artifacts.Put(ctx, "transform", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(transform)
	})
	if err != nil {
		return out, err
	}
	d.Say(headline(out))
	return out, nil
}

// manyFeatures is the number of features from which on those that the probe
// never looked at are left out.
const manyFeatures = 60

// prune leaves out features that the probe did not use where there are many:
// each costs time in every fit and every prediction.
func prune(t *feature.Transform, w worth) (*feature.Transform, worth, []feature.Dropped) {
	if len(t.Features) <= manyFeatures || w.used == nil {
		return t, w, nil
	}
	var keep []int
	var dropped []feature.Dropped
	kept := worth{interactions: w.interactions}
	for i := range t.Features {
		if !w.used[i] {
			dropped = append(dropped, feature.Dropped{Name: t.Features[i].Name, Reason: "no tree of a first model splits on it"})
			continue
		}
		keep = append(keep, i)
		kept.importance = append(kept.importance, w.importance[i])
		kept.shap, kept.curves = append(kept.shap, w.shap[i]), append(kept.curves, w.curves[i])
	}
	if len(keep) == 0 {
		return t, w, nil
	}
	return t.Keep(keep), kept, dropped
}

// describe lists the features as a person reads them, and what they are worth
// where that could be measured.
func describe(t *feature.Transform, w worth, scope handoff.Scope) []handoff.Feature {
	ranks := w.ranks()
	kept := make([]handoff.Feature, len(t.Features))
	for i := range t.Features {
		f := &t.Features[i]
		kept[i] = handoff.Feature{Name: f.Name, Kind: "number", Formula: f.Formula, SourceColumns: t.Sources(f), Rank: i + 1}
		if f.Op == feature.Category {
			kept[i].Kind = "category"
		}
		if w.importance == nil {
			continue
		}
		kept[i].Rank = ranks[i]
		if finite(w.importance[i]) {
			kept[i].Importance = &w.importance[i]
		}
		if finite(w.shap[i]) {
			kept[i].Shap = &w.shap[i]
		}
		w.curves[i].describe(&kept[i], scope.Classes)
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
