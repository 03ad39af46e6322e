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
// takes, less the refit of what was fitted so far. No unit is begun that may
// not take as long as the longest one did. nil where there is no budget.
func limit(d *durable.Desk, bench *fitting.Bench, first []*crossfit.Bag, in handoff.Choice) (func() time.Duration, error) {
	if d.Settings.Budget <= 0 {
		return nil, nil
	}
	after, err := rehearse(d, bench, first, in)
	if err != nil {
		return nil, err
	}
	again := 0.0 // time of the refit of a unit, as a share of the time of its fit
	if rows := in.Features.Dataset.Rows; d.Settings.Refit {
		again = 1 + float64(rows.Test.Rows)/float64(max(1, rows.Fit.Rows))
	}
	side := float64(bench.Fits.Side())
	return func() time.Duration {
		done := d.Worked(fitting.Unit)
		left := float64(d.Left()-after) - again*done.Total.Seconds()/side*float64(time.Second)
		most := time.Duration(left / (1 + again))
		if most < done.Longest {
			return 0
		}
		return most
	}, nil
}

// rehearse measures what the work after the fits takes: blending the first
// look and scoring it out of fold is about half of that.
func rehearse(d *durable.Desk, bench *fitting.Bench, first []*crossfit.Bag, in handoff.Choice) (time.Duration, error) {
	before := d.Left()
	r, err := blend(bench, first, in, d.Settings)
	if err != nil {
		return 0, err
	}
	measures(r.outOfFold(bench), d.Settings.Seed)
	return 2 * (before - d.Left()), nil
}
