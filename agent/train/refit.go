package train

import (
	"context"
	"fmt"
	"strings"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/rowfile"
)

// refit fits the recipe again on train, validation and test rows: the same
// learners, weights, calibration and threshold. The holdout stays locked.
func refit(ctx context.Context, d *durable.Desk, bench *fitting.Bench, test *rowfile.File, r *recipe, in handoff.Choice) (done bool, err error) {
	all, err := rowfile.Join(bench.File, test)
	if err != nil {
		return false, err
	}
	dataset := in.Features.Dataset
	key := map[string]any{
		"rows": dataset.Rows.Fit.SHA256, "test": dataset.Rows.Test.SHA256,
		"transform": in.Features.Transform.SHA256, "by": bench.Folds.By,
	}
	if in.Features.Points != nil {
		key["points"] = in.Features.Points.Rows.SHA256
	}
	again, err := bench.Again(d, all, key)
	if err != nil {
		return false, err
	}
	if again.Folds.By != bench.Folds.By {
		d.Warn(fmt.Sprintf("refit: with the test rows the folds are not by time any more: %s", strings.ReplaceAll(again.Folds.Reason, "_", " ")))
	}
	total := len(r.jobs) * bench.Folds.Count
	again.Fits.Progress = func(done int) { d.Progress(done, total, "refit") }
	bags, _, err := again.Fits.Run(ctx, r.jobs)
	if err != nil {
		return false, fmt.Errorf("refit: %w", err)
	}
	if broken, err := r.team.breaks(bags); broken || err != nil {
		return false, err
	}
	r.ensemble = r.assemble(bench.Fits.Data.Task, bags)
	if r.seen != nil {
		oof := r.mixed(again.Fits.Data, bags)
		r.calibration.Apply(oof)
		r.seen = seen.New(again.Fits.Data, oof, r.evidence.Strength)
	}
	return true, nil
}

// refitNote says of what the figures are.
func refitNote(done bool) string {
	if !done {
		return "not refitted: with the test rows the same recipe would break a limit of size or latency"
	}
	return "refitted on train, validation and test rows after the test: all figures are those of the same recipe before"
}
