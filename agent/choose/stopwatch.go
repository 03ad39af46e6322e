package choose

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/table"
)

// stopwatch takes the time of fits and predictions. What it finds stands in
// the envelope's metadata only: no choice depends on it, and no output holds
// it.
type stopwatch struct {
	mu     sync.Mutex
	jobs   []crossfit.Job
	fitted []time.Duration // by job; together over the folds, and 0 for what was fitted before
}

// newStopwatch puts a stopwatch into what fits the jobs.
func newStopwatch(fits *crossfit.Fits, jobs []crossfit.Job) *stopwatch {
	s := &stopwatch{jobs: jobs, fitted: make([]time.Duration, len(jobs))}
	memo := fits.Memo
	fits.Memo = func(ctx context.Context, key any, work func(context.Context) ([]byte, error)) ([]byte, error) {
		return memo(ctx, key, func(ctx context.Context) ([]byte, error) {
			start := time.Now()
			data, err := work(ctx)
			s.add(key, time.Since(start))
			return data, err
		})
	}
	return s
}

// add counts a fit for the job whose learner and settings its key holds.
func (s *stopwatch) add(key any, took time.Duration) {
	var unit struct {
		Learner  string          `json:"learner"`
		Settings json.RawMessage `json:"settings"`
	}
	text, err := json.Marshal(key)
	if err != nil || json.Unmarshal(text, &unit) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, j := range s.jobs {
		settings, err := json.Marshal(j.Candidate.Learner)
		if err == nil && j.Candidate.Learner.Name() == unit.Learner && bytes.Equal(settings, unit.Settings) {
			s.fitted[i] += took
		}
	}
}

// tell notes what each candidate's fits took, and what one row's prediction by
// the models of all folds takes.
func (s *stopwatch) tell(d *durable.Desk, bags []*crossfit.Bag, t *table.Table) {
	const rows = 50
	x := make([]float64, len(t.Columns))
	for i, bag := range bags {
		d.Measure("fit_seconds."+bag.Candidate.ID, s.fitted[i].Seconds())
		out := make([]float64, bag.Models[0].Width())
		start := time.Now()
		for r := range rows {
			t.Gather(x, []int32{int32(r * t.Rows / rows)})
			for _, m := range bag.Models {
				m.Predict(x, out)
			}
		}
		d.Measure("row_seconds."+bag.Candidate.ID, time.Since(start).Seconds()/rows)
	}
}
