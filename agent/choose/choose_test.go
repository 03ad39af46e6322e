package choose

import (
	"context"
	"strings"
	"testing"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/table"
)

func line(id string, scores ...float64) handoff.Candidate {
	c := handoff.Candidate{ID: id, Metric: "auc", Scores: scores}
	c.Mean, c.SE = meanSE(scores)
	return c
}

// The rationale compares on the same folds: folds that differ much, by the
// same for both, leave no doubt; a gain that comes and goes does.
func TestRationaleComparesOnTheSameFolds(t *testing.T) {
	for name, c := range map[string]struct {
		simple  handoff.Candidate
		certain bool
	}{
		"always better":    {line("linear", 0.70, 0.80, 0.90, 0.60), true},
		"sometimes better": {line("linear", 0.79, 0.75, 0.94, 0.62), false},
	} {
		out := handoff.Choice{
			Leaderboard: []handoff.Candidate{line("boosted_trees", 0.72, 0.83, 0.92, 0.63), c.simple},
			Baselines:   []string{"linear"},
		}
		got := rationale(out, metric.AUC)
		if strings.Contains(got, "not certain") == c.certain {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Whoever asks for parts by time hears of it where the folds are not.
func TestRationaleSaysWhyFoldsAreNotByTime(t *testing.T) {
	out := handoff.Choice{Leaderboard: []handoff.Candidate{line("linear", 0.7, 0.8)}, Folds: handoff.Folds{By: "stratified", Reason: "too_few_times"}}
	if got := rationale(out, metric.AUC); !strings.Contains(got, "not by time as the parts are: too few times") {
		t.Error(got)
	}
	out.Folds = handoff.Folds{By: "time"}
	if got := rationale(out, metric.AUC); strings.Contains(got, "by time") {
		t.Error(got)
	}
}

// Every candidate's fits are timed under its own name.
func TestStopwatchKnowsTheCandidates(t *testing.T) {
	d := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: 200, Columns: []table.Column{{Name: "a"}}}}
	for i := range 200 {
		d.Table.Columns[0].Number = append(d.Table.Columns[0].Number, float64(i*i%17))
		d.Target = append(d.Target, float64(i%2))
	}
	fits := crossfit.Fits{
		Data: d, Key: "test", Seed: 1, Threads: 2, Decode: portfolio.Decode,
		Folds: func(int) ([]fold.Fold, error) { return fold.KFold(fold.Data{Classes: 2, Target: d.Target}, 3, 1) },
		Memo: func(ctx context.Context, _ any, work func(context.Context) ([]byte, error)) ([]byte, error) {
			return work(ctx)
		},
	}
	jobs := []crossfit.Job{
		{Candidate: crossfit.Candidate{ID: "dummy", Learner: baseline.Dummy{}}},
		{Candidate: crossfit.Candidate{ID: "linear", Learner: linear.Learner{}}},
		{Candidate: crossfit.Candidate{ID: "curved", Learner: linear.Learner{Knots: 3}}},
		{Candidate: crossfit.Candidate{ID: "never fitted", Learner: linear.Learner{Knots: 4}}},
	}
	clock := newStopwatch(&fits, jobs)
	if _, _, err := fits.Run(t.Context(), jobs[:3]); err != nil {
		t.Fatal(err)
	}
	for i, took := range clock.fitted {
		if fitted := i < 3; (took > 0) != fitted {
			t.Errorf("%s: %v, fitted: %v", jobs[i].Candidate.ID, took, fitted)
		}
	}
}
