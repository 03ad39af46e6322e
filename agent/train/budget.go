package train

import (
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/crossfit"
)

// limit is how long the next unit may take so that the whole training ends
// within the budget: what is left of it, less what the work after the fits
// takes, less the refit of what was fitted so far: before limit was called,
// and since then with all that goes with a fit. No unit is begun that may not
// take as long as the longest one did. nil where there is no budget.
func limit(d *durable.Desk, bench *fitting.Bench, after time.Duration, in handoff.Choice) func() time.Duration {
	if d.Settings.Budget <= 0 {
		return nil
	}
	again := 0.0 // time of the refit of a unit, as a share of the time of its fit
	if rows := in.Features.Dataset.Rows; d.Settings.Refit {
		again = 1 + float64(rows.Test.Rows)/float64(max(1, rows.Fit.Rows))
	}
	before, began := d.Worked(fitting.Unit).Total/time.Duration(bench.Fits.Side()), d.Left()
	return func() time.Duration {
		now := d.Left()
		left := float64(now-after) - again*float64(before+began-now)
		most := time.Duration(left / (1 + again))
		if most < d.Worked(fitting.Unit).Longest {
			return 0
		}
		return most
	}
}

// rehearse measures what the work after the fits takes: blending the first
// look and scoring it out of fold is about a quarter of that, the rest being
// the test, its groups and its curves.
func rehearse(d *durable.Desk, bench *fitting.Bench, first []*crossfit.Bag, in handoff.Choice) (time.Duration, error) {
	if d.Settings.Budget <= 0 {
		return 0, nil
	}
	before := d.Left()
	r, err := blend(bench, first, in, d.Settings)
	if err != nil {
		return 0, err
	}
	measures(r.outOfFold(bench), d.Settings.Seed)
	return 4 * (before - d.Left()), nil
}

// warmFlag is the flag that names the earlier run again whose experience
// ordered the work; "" where none did.
func warmFlag(w *handoff.Warm) string {
	if w == nil {
		return ""
	}
	return " --warm-start=" + w.RunID
}
