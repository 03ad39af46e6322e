// Package fitting prepares what the model selector and the model trainer
// both fit on: the features of the train and validation rows, their folds and
// the memo of finished fits.
package fitting

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/memory"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/rowfile"
)

// Bench is the data to fit on and the means to do it.
type Bench struct {
	File      *rowfile.File
	Transform *feature.Transform
	Fits      crossfit.Fits
	Folds     handoff.Folds
	purge     time.Duration // by time: between the rows that a fold learns from and those that it predicts
}

// Unit is the name of a unit of effort, one fit on one fold, among the memos.
const Unit = "fit"

// version is raised whenever an equal key would give another fit.
const version = 8

// Open loads the features of in's train and validation rows. decode reads a
// model back by the name of its learner.
func Open(d *durable.Desk, in handoff.Features, decode func(string, []byte) (learn.Model, error)) (*Bench, error) {
	if err := memory.Check(in.Dataset.Scope, d.Settings); err != nil {
		return nil, err
	}
	transform, err := ReadTransform(d, in.Transform)
	if err != nil {
		return nil, err
	}
	file, err := rowfile.Read(d.Artifacts, in.Dataset, in.Dataset.Rows.Fit, in.Points)
	if err != nil {
		return nil, err
	}
	features, err := transform.Apply(file.Inputs)
	if err != nil {
		return nil, err
	}
	b := &Bench{File: file, Transform: transform}
	b.Folds = handoff.Folds{By: dealt(file), Count: foldCount(features.Rows, file.Classes), Seed: d.Settings.Seed}
	b.byTime(in.Dataset.Policy)
	key := map[string]any{"rows": in.Dataset.Rows.Fit.SHA256, "transform": in.Transform.SHA256, "by": b.Folds.By}
	if in.Points != nil {
		key["points"] = in.Points.Rows.SHA256
	}
	b.Fits = b.fits(d, file.Data(features), decode, key)
	return b, nil
}

// Again is the bench for more rows: those of file, with the same features.
// key stands for the rows. Where they cannot be cut into as many blocks of time,
// its Folds are dealt and say why.
func (b *Bench) Again(d *durable.Desk, file *rowfile.File, key any) (*Bench, error) {
	features, err := b.Transform.Apply(file.Inputs)
	if err != nil {
		return nil, err
	}
	again := &Bench{File: file, Transform: b.Transform, Folds: b.Folds, purge: b.purge}
	again.recut()
	again.Fits = again.fits(d, file.Data(features), b.Fits.Decode, key)
	return again, nil
}

func (b *Bench) fits(d *durable.Desk, data learn.Data, decode func(string, []byte) (learn.Model, error), key any) crossfit.Fits {
	if b.Folds.By == "time" {
		key = map[string]any{"of": key, "purge": b.purge}
	}
	return crossfit.Fits{
		Data:  data,
		Folds: b.divide,
		Key:   key,
		Memo: func(ctx context.Context, key any, work func(context.Context) ([]byte, error)) ([]byte, error) {
			return d.Memo(ctx, Unit, version, key, work)
		},
		Decode:  decode,
		Seed:    d.Settings.Seed,
		Threads: max(1, d.Settings.Threads),
	}
}

// Scores are those of out-of-fold predictions, as many for each row of the
// fits as a model has outputs, on the rows that each fold was not fitted on;
// NaN where a fold has none.
func (b *Bench) Scores(folds []fold.Fold, oof []float64, score metric.Name) []float64 {
	data := b.Fits.Data
	width := len(oof) / data.Table.Rows
	out := make([]float64, len(folds))
	for i, f := range folds {
		s := metric.Sample{Classes: data.Classes, Target: make([]float64, 0, len(f.Valid)), Prediction: make([]float64, 0, len(f.Valid)*width)}
		for _, row := range f.Valid {
			s.Target = append(s.Target, data.Target[row])
			s.Prediction = append(s.Prediction, oof[int(row)*width:(int(row)+1)*width]...)
		}
		out[i] = metric.Score(score, s)
	}
	return out
}

// foldCount is a fixed rule: more folds where each row counts, unless classes
// multiply the price of a fit.
func foldCount(rows, classes int) int {
	switch {
	case rows < 800 && classes <= 2:
		return 8
	case rows < 3_000 && classes <= 2:
		return 6
	case rows < 300_000:
		return 5
	}
	return 3
}

// ReadTransform loads a transformation and checks it.
func ReadTransform(d *durable.Desk, ref handoff.Ref) (*feature.Transform, error) {
	data, err := d.Artifacts.Read(ref)
	if err != nil {
		return nil, err
	}
	var t feature.Transform
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("read transformation: %w", err)
	}
	return &t, t.Check()
}
