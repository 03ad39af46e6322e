package choose

import (
	"context"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/metric"
)

// firstLook fits the jobs of the first look: the baselines, of which there are
// least, whatever the budget; then the others until it ends them. opened is how
// long it took to open the bench. A look that was cut short says so: it is found
// again by who asks for its number of units.
func firstLook(ctx context.Context, d *durable.Desk, bench *fitting.Bench, jobs []crossfit.Job, least int, opened time.Duration, score metric.Name) ([]*crossfit.Bag, error) {
	bags, _, err := bench.Fits.Run(ctx, jobs[:least])
	if err != nil || len(jobs) == least {
		return bags, err
	}
	if d.Settings.Budget > 0 {
		after, err := afterwards(d, bench, bags, opened, score)
		if err != nil {
			return nil, err
		}
		bench.Fits.Limit = func() time.Duration { return d.Left() - after }
	}
	progress := bench.Fits.Progress
	bench.Fits.Progress = func(done int) { progress(least*bench.Folds.Count + done) }
	more, _, err := bench.Fits.Run(ctx, jobs[least:])
	if err != nil {
		return nil, err
	}
	if bags = append(bags, more...); len(bags) < len(jobs) {
		d.Capped(len(bags) * bench.Folds.Count)
	}
	return bags, nil
}

// afterwards is about what the trainer takes without a fit of its own: it opens
// the bench and the test rows, and scores what it blended some thirty times,
// with intervals, groups and curves.
func afterwards(d *durable.Desk, bench *fitting.Bench, bags []*crossfit.Bag, opened time.Duration, score metric.Name) (time.Duration, error) {
	before := d.Left()
	for _, bag := range bags {
		if _, err := candidate(bench, bag, score); err != nil {
			return 0, err
		}
	}
	scored := (before - d.Left()) / time.Duration(len(bags))
	d.Measure("open_seconds", opened.Seconds())
	d.Measure("score_seconds", scored.Seconds())
	return 2*opened + 30*scored, nil
}
