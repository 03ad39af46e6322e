package train

import (
	"errors"
	"fmt"

	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/settings"
)

// recipe is how the bags make one prediction. Everything in it was decided on
// out-of-fold predictions of train and validation rows.
type recipe struct {
	team        *team
	jobs        []crossfit.Job // with a weight
	weights     []float64      // one per job, sum 1
	members     []handoff.Member
	ensemble    *ensemble.Model
	calibration calibrate.Map
	threshold   *float64             // binary only
	oof         []float64            // of the ensemble, calibrated by maps that did not see the row
	conformal   *calibrate.Conformal // nil where the rows are too few
	seen        *seen.Table          // nil where identical rows say no more
	evidence    seen.Evidence        // that they do
	met         int                  // rows of the sealed test that were seen
}

// model is what the recipe says of a model file.
func (r *recipe) model() *modelfile.Model {
	return &modelfile.Model{
		Manifest: modelfile.Manifest{Threshold: r.threshold, Calibration: r.calibration, Conformal: r.conformal},
		Ensemble: r.ensemble, Seen: r.seen,
	}
}

// cut is the threshold, 0 where there is none.
func (r *recipe) cut() float64 {
	if r.threshold == nil {
		return 0
	}
	return *r.threshold
}

// outOfFold is the recipe on the rows that it was decided on, to be measured.
func (r *recipe) outOfFold(bench *fitting.Bench) metric.Sample {
	data := bench.Fits.Data
	return metric.Sample{Classes: data.Classes, Target: data.Target, Prediction: r.oof, Threshold: r.cut(), Group: bench.File.Draws()}
}

// blend weighs the bags by their out-of-fold predictions, calibrates the
// blend and chooses the threshold.
func blend(bench *fitting.Bench, bags []*crossfit.Bag, in handoff.Choice, s handoff.Settings) (*recipe, error) {
	data := bench.Fits.Data
	target := metric.Sample{Classes: data.Classes, Target: data.Target, Group: bench.File.Groups}
	t, err := weigh(bench, bags, target, in)
	if err != nil {
		return nil, fmt.Errorf("blend: %w", err)
	}
	r := &recipe{team: t, weights: t.weights}
	for i, bag := range t.bags {
		r.jobs = append(r.jobs, bag.Job)
		r.members = append(r.members, handoff.Member{ID: memberName(bag.Job), Weight: t.weights[i], Fits: len(bag.Models)})
	}
	r.ensemble = r.assemble(data.Task, t.bags)
	r.calibration, r.oof = calibrate.Fit(target, r.mixed(data, t.bags), s.Seed)
	if data.Task == learn.Binary {
		cut := thresholdOf(s.Set).Threshold(data.Target, r.oof)
		r.threshold = &cut
	}
	conformal, err := calibrate.FitConformal("", target, r.oof, coverageOf(s.Set))
	if err != nil && !errors.Is(err, calibrate.ErrFewRows) {
		return nil, fmt.Errorf("blend: %w", err)
	}
	if err == nil {
		r.conformal = &conformal
	}
	if !forgets(s.Set) {
		r.recall(data, in)
	}
	return r, nil
}

// mixed is the blend of the out-of-fold predictions of bags, one per job of the
// recipe.
func (r *recipe) mixed(data learn.Data, bags []*crossfit.Bag) []float64 {
	predictions := make([][]float64, len(bags))
	for i, bag := range bags {
		predictions[i] = bag.OOF
	}
	width := len(bags[0].OOF) / data.Table.Rows
	return ensemble.PoolOf(data.Task).Mean(r.weights, predictions, width)
}

// assemble is the ensemble of bags, one per job of the recipe.
func (r *recipe) assemble(task learn.Task, bags []*crossfit.Bag) *ensemble.Model {
	m := &ensemble.Model{Pool: ensemble.PoolOf(task)}
	for i, bag := range bags {
		m.Members = append(m.Members, ensemble.Member{Weight: r.weights[i], Models: bag.Models})
	}
	return m
}

// bagModel is a bag alone.
func bagModel(task learn.Task, bag *crossfit.Bag) *ensemble.Model {
	return &ensemble.Model{Pool: ensemble.PoolOf(task), Members: []ensemble.Member{{Weight: 1, Models: bag.Models}}}
}

// thresholdOf reads what --set says of wrong calls. Where only one cost is
// said, the other is 1.
func thresholdOf(set map[string]string) calibrate.Rule {
	var r calibrate.Rule
	var fp, fn bool
	r.CostFP, fp = settings.Float(set, "threshold.cost_fp")
	r.CostFN, fn = settings.Float(set, "threshold.cost_fn")
	switch {
	case fp && !fn:
		r.CostFN = 1
	case fn && !fp:
		r.CostFP = 1
	}
	r.Capacity, _ = settings.Float(set, "threshold.capacity")
	return r
}

// defaultCoverage is what intervals and sets promise unless asked otherwise.
const defaultCoverage = 0.9

// coverageOf reads what --set says of intervals and sets.
func coverageOf(set map[string]string) float64 {
	if coverage, given := settings.Float(set, "coverage"); given {
		return coverage
	}
	return defaultCoverage
}
