package modelfile

import (
	"context"
	"fmt"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/table"
)

// Width is the number of scores a row: the probability of the positive class,
// one probability per class, or the value.
func (m *Model) Width() int { return m.Ensemble.Width() }

// Features makes the feature vector of one row; cells has one value per
// Transform.Inputs, x one entry per Transform.Features.
func (m *Model) Features(cells []table.Value, x []float64) { m.Transform.Row(cells, x) }

// Score scores len(out) / Width feature vectors: by the calibrated ensemble,
// unless a row was seen. Each row's bits depend on that row only.
func (m *Model) Score(x, out []float64) {
	m.unseen(x, out)
	m.Seen.Apply(x, out)
}

// unseen is Score for rows that were not seen.
func (m *Model) unseen(x, out []float64) {
	m.Ensemble.Predict(x, out)
	m.Calibration.Apply(out)
}

// scorer predicts as a model scores.
type scorer struct {
	*ensemble.Model
	of *Model
}

func (s scorer) Predict(x, out []float64) { s.of.Score(x, out) }

// ScoreTable scores every row of raw, which has the columns that the
// transformation takes.
func (m *Model) ScoreTable(ctx context.Context, raw *table.Table, threads int) ([]float64, error) {
	features, err := m.Transform.Apply(raw)
	if err != nil {
		return nil, err
	}
	return m.ScoreFeatures(ctx, features, threads)
}

// ScoreFeatures is Score for every row of features, which has the columns that
// the transformation makes.
func (m *Model) ScoreFeatures(ctx context.Context, features *table.Table, threads int) ([]float64, error) {
	out, err := learn.PredictTable(ctx, scorer{m.Ensemble, m}, features, nil, threads)
	if err != nil {
		return nil, err
	}
	if !finite(out) {
		return nil, fmt.Errorf("score %d rows: a score is not a finite number", features.Rows)
	}
	return out, nil
}

// Class is the index of the predicted class for one row's scores: the
// positive one from the threshold on, or the most probable one, the first of
// equals. It is 0 for regression.
func (m *Model) Class(scores []float64) int {
	switch m.Task {
	case learn.Binary:
		if scores[0] >= *m.Threshold {
			return 1
		}
	case learn.Multiclass:
		best := 0
		for i, p := range scores {
			if p > scores[best] {
				best = i
			}
		}
		return best
	}
	return 0
}
