package observe

import (
	"context"
	"fmt"

	"github.com/septet-ml/septet/drift"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/rowfile"
)

// makeBaseline sketches the features of the training rows, as the deployed
// file makes them, and the scores of the holdout rows, which the model has
// not seen. Their answers are not looked at.
func makeBaseline(ctx context.Context, d *durable.Desk, in handoff.Deployment) (*drift.Baseline, error) {
	data, err := d.Artifacts.Read(in.Model.File)
	if err != nil {
		return nil, err
	}
	m, err := modelfile.Decode(data)
	if err != nil {
		return nil, err
	}
	made := in.Model.Choice.Features
	dataset := made.Dataset
	fit, err := rowfile.Read(d.Artifacts, dataset, dataset.Rows.Fit, made.Points)
	if err != nil {
		return nil, err
	}
	features, err := m.Transform.Apply(fit.Inputs)
	if err != nil {
		return nil, fmt.Errorf("make baseline: %w", err)
	}
	train := fit.Part(rowfile.Train)
	b := &drift.Baseline{Format: drift.Format, Model: m.Digest(), Rows: len(train), Features: drift.OfTable(features, train), Scores: []drift.Sketch{}}
	if dataset.Rows.Holdout != nil {
		err = sketchScores(ctx, d, m, made, b)
	}
	return b, err
}

func sketchScores(ctx context.Context, d *durable.Desk, m *modelfile.Model, made handoff.Features, b *drift.Baseline) error {
	dataset := made.Dataset
	if _, err := d.Open(ctx, "holdout", *dataset.Rows.Holdout); err != nil {
		return err
	}
	holdout, err := rowfile.Read(d.Artifacts, dataset, *dataset.Rows.Holdout, made.Points)
	if err != nil {
		return err
	}
	scores, err := m.ScoreTable(ctx, holdout.Inputs, max(1, d.Settings.Threads))
	if err != nil {
		return fmt.Errorf("make baseline: %w", err)
	}
	names := []string{"score"}
	if m.Task == learn.Multiclass {
		names = m.Classes
	}
	one := make([]float64, holdout.Inputs.Rows)
	for k, name := range names {
		for i := range one {
			one[i] = scores[i*len(names)+k]
		}
		b.Scores = append(b.Scores, drift.OfNumbers(name, one))
	}
	b.ScoresRows, b.ScoresFrom = holdout.Inputs.Rows, "holdout"
	return nil
}
